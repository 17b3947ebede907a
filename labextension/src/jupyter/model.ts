import { ISignal, Signal } from '@lumino/signaling';

import { Connection } from '../kernel/connection';
import { fetchCode } from '../model/code';
import { IPanelModel, View } from '../model/model';
import { Action, Followed, Recorded, Result } from '../protocol';
import { goTo, insertIntoActive, insertLoad } from './cells';

/** What the panel is drawn from: the connection, and the cells of what is in front. */
export class PanelModel implements IPanelModel {
  constructor(private readonly _connection: Connection) {
    _connection.changed.connect(() => this._changed.emit());
  }

  get view(): View {
    return this._connection.view;
  }

  get changed(): ISignal<IPanelModel, void> {
    return this._changed;
  }

  now(): number {
    return this._connection.now();
  }

  request(action: Action): Promise<Record<string, unknown>> {
    return this._connection.request(action);
  }

  follow(task?: Followed): void {
    this._connection.follow(task);
  }

  insertLoad(): void {
    const { widget } = this._connection.front;
    if (widget) {
      insertLoad(widget);
    }
  }

  insertFetch(session: string, result: Result): void {
    const { widget } = this._connection.front;
    const { state } = this.view;
    const held = state?.sessions[session];
    const key = Object.entries(held?.results ?? {}).find(([, each]) => each === result)?.[0];
    if (widget && state && held && key !== undefined) {
      insertIntoActive(widget, fetchCode(held, state.default === session, key, result));
    }
  }

  goTo(where: Recorded): boolean {
    const { widget } = this._connection.front;
    return widget !== null && goTo(widget, where);
  }

  private readonly _changed = new Signal<this, void>(this);
}
