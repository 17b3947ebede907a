import { RefObject, useCallback, useLayoutEffect, useRef } from 'react';

/**
 * Bring all of an element into view after the user opened it, and again when it has grown.
 *
 * Gives the element's ref, and what is to be called as the user opens or closes it. An element that was opened by itself, or
 * that comes into the page open, stays where it is.
 */
export function useReveal(open: boolean, grown: boolean): [RefObject<HTMLDivElement>, () => void] {
  const element = useRef<HTMLDivElement>(null);
  const wanted = useRef(false);
  useLayoutEffect(() => {
    if (open && wanted.current) {
      element.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [open, grown]);
  const toggled = useCallback(() => (wanted.current = !open), [open]);
  return [element, toggled];
}
