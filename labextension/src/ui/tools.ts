import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal } from '@lumino/signaling';
import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';

import { IPanelModel, View } from '../model/model';

/** Makes HTML of others harmless. */
export interface Sanitizer {
  sanitize(dirty: string): string;
}

/** What all components work with; the same for the life of the panel. */
export interface Tools {
  model: IPanelModel;
  trans: TranslationBundle;
  sanitizer: Sanitizer;
  /** Told when the form of a new session is wanted. */
  newSession: ISignal<unknown, void>;
}

export const ToolsContext = createContext<Tools | undefined>(undefined);

export function useTools(): Tools {
  const tools = useContext(ToolsContext);
  if (!tools) {
    throw new Error('outside of the panel');
  }
  return tools;
}

/** What is in front, now. */
export function useView(model: IPanelModel): View {
  const subscribe = useCallback(
    (told: () => void) => {
      model.changed.connect(told);
      return () => void model.changed.disconnect(told);
    },
    [model]
  );
  return useSyncExternalStore(subscribe, () => model.view);
}
