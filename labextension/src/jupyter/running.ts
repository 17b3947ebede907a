import { ILabShell, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers, IRunningSessions } from '@jupyterlab/running';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { Connection } from '../kernel/connection';
import { Session } from '../protocol';
import { mayClose } from '../ui/closing';
import { size } from '../ui/format';
import { telling } from './deeds';
import { marsIcon } from './icon';
import { DOMAIN, ID, OPEN } from './names';
import { IConnection } from './tokens';

/** JupyterLab's id of the panel with all that runs. */
const RUNNING_PANEL = 'jp-running-sessions';

type Entry = readonly [id: string, session: Session];

/** The sessions of the kernel in front, in JupyterLab's panel of all that runs. */
export class RunningSection implements IRunningSessions.IManager {
  constructor(
    private readonly _connection: Connection,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    this.name = _trans.__('Sessions of mars_nb');
    this.shutdownLabel = _trans.__('Close Session');
    this.shutdownAllLabel = _trans.__('Close All');
    _connection.changed.connect(this._look, this);
  }

  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;

  readonly shutdownAllConfirmationText = (): string =>
    this._trans.__('Close all sessions of the kernel in front? Their results are freed, and what runs is cancelled.');

  get runningChanged(): ISignal<this, void> {
    return this._runningChanged;
  }

  running(): IRunningSessions.IRunningItem[] {
    return this._entries().map(entry => ({
      icon: () => marsIcon,
      label: () => entry[1].name,
      labelTitle: () => this._describe(entry),
      detail: () => this._describe(entry),
      context: 'mars-nb-session',
      open: this._open,
      shutdown: () => void this._close(entry, true)
    }));
  }

  refreshRunning(): void {
    void this._connection.refresh().catch(() => undefined);
  }

  shutdownAll(): void {
    for (const entry of this._entries()) {
      void this._close(entry, false);
    }
  }

  private async _close([id, session]: Entry, ask: boolean): Promise<void> {
    if (!ask || (await mayClose(session, this._trans))) {
      await telling(async () => {
        await this._connection.request({ do: 'close', session: id });
      });
    }
  }

  private _entries(): Entry[] {
    return Object.entries(this._connection.view.state?.sessions ?? {}).sort(([, a], [, b]) => a.order - b.order);
  }

  private _describe([id, session]: Entry): string {
    const results = session.results_total
      ? this._trans._n('%1 result, %2', '%1 results, %2', session.results_total, size(session.nbytes))
      : this._trans.__('no results');
    return id === this._connection.view.state?.default ? this._trans.__('default, %1', results) : results;
  }

  /** The list is drawn anew for what it shows only, not ten times a second while something runs. */
  private _look(): void {
    const shown = JSON.stringify(this._entries().map(entry => [entry[0], entry[1].name, this._describe(entry)]));
    if (shown !== this._shown) {
      this._shown = shown;
      this._runningChanged.emit();
    }
  }

  private _shown = '[]';
  private readonly _runningChanged = new Signal<this, void>(this);
}

export const running: JupyterFrontEndPlugin<void> = {
  id: `${ID}:running`,
  description: 'Lists the sessions of mars_nb among what is running.',
  autoStart: true,
  requires: [IConnection, IRunningSessionManagers],
  optional: [ILabShell, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    connection: Connection,
    managers: IRunningSessionManagers,
    shell: ILabShell | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    managers.add(new RunningSection(connection, trans, () => void app.commands.execute(OPEN)));
    // What it lists is told while it can be seen.
    shell?.layoutModified.connect(() => {
      const sides = [...shell.widgets('left'), ...shell.widgets('right')];
      connection.see('running', !!sides.find(widget => widget.id === RUNNING_PANEL)?.isVisible);
    });
  }
};
