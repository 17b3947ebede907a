import { Signal } from '@lumino/signaling';

import { View } from '../../src/model/model';
import { Action, State } from '../../src/protocol';

/** A connection that notes down what is asked for. */
export class ConnectionDouble {
  view: View = { title: 'one.ipynb', waits: false };
  visible = true;
  defaultName = '';
  failure: Error | undefined;
  readonly asked: Action[] = [];
  readonly refresh = jest.fn(() =>
    this.view.state ? Promise.resolve(this.view.state) : Promise.reject(new Error('no'))
  );
  readonly changed = new Signal<this, void>(this);

  request(action: Action): Promise<Record<string, unknown>> {
    this.asked.push(action);
    return this.failure ? Promise.reject(this.failure) : Promise.resolve({});
  }

  /** Have something else to show. */
  show(state: State): void {
    this.view = { ...this.view, state };
    this.defaultName = state.default in state.sessions ? state.sessions[state.default].name : '';
    this.changed.emit();
  }
}
