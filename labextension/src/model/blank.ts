import { Kernel } from '@jupyterlab/services';

import { Blank } from './model';

/** How far the comm is. */
export type Phase = 'none' | 'opening' | 'open' | 'not-loaded' | 'mismatch';

/** What decides whether there is something to show. */
export interface Facts {
  /** Something that could have a kernel is in front. */
  front: boolean;
  /** Its kernel is being looked for, started or restarted, and not there yet. */
  preparing: boolean;
  /** Missing if there is no kernel. */
  kernel?: { status: Kernel.Status; connection: Kernel.ConnectionStatus };
  /** Missing if that is not known yet. */
  language?: string;
  phase: Phase;
  /** The kernel has told its state. */
  told: boolean;
}

/** The kernel hears what it is sent: a comm can be opened. */
export function isReady({ preparing, kernel, language }: Facts): boolean {
  return (
    !preparing &&
    kernel?.connection === 'connected' &&
    ['idle', 'busy', 'unknown'].includes(kernel.status) &&
    language === 'python'
  );
}

/** Why there is nothing to show; undefined if there is something. */
export function blankOf(facts: Facts): Blank | undefined {
  const { front, preparing, kernel, language, phase, told } = facts;
  if (!front) {
    return 'no-kernel';
  }
  if (preparing) {
    return 'starting';
  }
  if (!kernel) {
    return 'no-kernel';
  }
  if (kernel.status === 'dead' || kernel.connection === 'disconnected') {
    return 'dead';
  }
  if (language !== undefined && language !== 'python') {
    return 'other-language';
  }
  if (phase === 'not-loaded' || phase === 'mismatch') {
    return phase;
  }
  return told ? undefined : 'starting';
}
