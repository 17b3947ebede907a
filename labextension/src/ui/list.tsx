import { defaultRangeExtractor, Range, useVirtualizer } from '@tanstack/react-virtual';
import { JSX, KeyboardEvent, ReactNode, useCallback, useLayoutEffect, useRef, useState } from 'react';

interface Props<T> {
  label: string;
  items: readonly T[];
  keyOf: (item: T) => string;
  /** About how many pixels a row takes; the true heights are measured. */
  height: (item: T) => number;
  /** What the list scrolls in. */
  scroller: HTMLElement;
  /** Draws a row; with `active` its buttons can be reached by the Tab key. */
  row: (item: T, active: boolean) => ReactNode;
}

/**
 * A list of any length, of which only the rows that can be seen are in the page.
 *
 * One row at a time is reached by the Tab key; the arrow keys, Home and End go from row to row, from what bears `data-main`
 * in one to that in the other.
 */
export function VirtualList<T>({ label, items, keyOf, height, scroller, row }: Props<T>): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const [activeKey, setActiveKey] = useState<string>();
  /** The row that is to have the focus as soon as it is in the page. */
  const wanted = useRef<number>();
  /** The row that has it. */
  const focused = useRef<number>();
  const found = items.findIndex(item => keyOf(item) === activeKey);
  const rangeExtractor = useCallback(
    (range: Range) => {
      const indexes = defaultRangeExtractor(range);
      // The row with the focus stays in the page: else the focus is lost.
      return found < 0 || indexes.includes(found) ? indexes : [...indexes, found].sort((a, b) => a - b);
    },
    [found]
  );
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller,
    estimateSize: index => height(items[index]),
    getItemKey: index => keyOf(items[index]),
    overscan: 8,
    rangeExtractor
  });
  const rows = virtualizer.getVirtualItems();
  const active = found < 0 ? rows.at(0)?.index : found;

  useLayoutEffect(() => {
    // The focus goes to the next row when its row is gone.
    if (focused.current !== undefined && found < 0 && document.activeElement === document.body) {
      wanted.current = Math.min(focused.current, items.length - 1);
    }
    const main = list.current?.querySelector<HTMLElement>(
      `:scope > [data-index="${wanted.current ?? -1}"] [data-main]`
    );
    if (main) {
      wanted.current = undefined;
      main.focus({ preventScroll: true });
    }
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const from = target.closest<HTMLElement>('[data-main]')?.closest<HTMLElement>('[data-index]');
    if (!from || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const at = Number(from.dataset.index);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    const to = event.key in steps ? steps[event.key] : -1;
    if (to >= 0 && to < items.length) {
      event.preventDefault();
      wanted.current = to;
      setActiveKey(keyOf(items[to]));
      virtualizer.scrollToIndex(to);
    }
  };

  return (
    <ul
      ref={list}
      className="mars-nb-List"
      aria-label={label}
      style={{ height: virtualizer.getTotalSize() }}
      onKeyDown={onKeyDown}
    >
      {rows.map(({ key, index, start }) => (
        <li
          key={key}
          ref={virtualizer.measureElement}
          data-index={index}
          aria-setsize={items.length}
          aria-posinset={index + 1}
          style={{ transform: `translateY(${start}px)` }}
          onFocus={() => {
            focused.current = index;
            setActiveKey(String(key));
          }}
          onBlur={() => (focused.current = undefined)}
        >
          {row(items[index], index === active)}
        </li>
      ))}
    </ul>
  );
}
