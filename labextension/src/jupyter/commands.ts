import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';

import { Connection } from '../kernel/connection';
import { RequestFailed } from '../model/model';
import { Action, State } from '../protocol';
import { SidebarPanel } from '../ui/panel';
import { insertLoad } from './cells';
import { IConnection } from './connection';
import { DOMAIN, ID } from './names';
import { ISidebar } from './panel';

export const OPEN = 'mars_nb:open';
export const CLOSE = 'mars_nb:close';
export const NEW_SESSION = 'mars_nb:new-session';
export const MAKE_DEFAULT = 'mars_nb:make-default';
export const CANCEL = 'mars_nb:cancel';
export const LOAD_EXTENSION = 'mars_nb:load-extension';

const CATEGORY = 'mars_nb';

export const commands: JupyterFrontEndPlugin<void> = {
  id: `${ID}:commands`,
  description: 'Commands of mars_nb.',
  autoStart: true,
  requires: [IConnection, ISidebar],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    connection: Connection,
    panel: SidebarPanel,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const deeds = new Deeds(connection, trans);
    const { commands: registry, shell } = app;
    const isLive = (): boolean => connection.isOpen;

    registry.addCommand(OPEN, {
      label: trans.__('Show the Panel of Sessions, Results and Tasks'),
      execute: () => shell.activateById(panel.id)
    });
    registry.addCommand(CLOSE, {
      label: trans.__('Hide the Panel of Sessions, Results and Tasks'),
      isEnabled: () => panel.isVisible,
      execute: () => collapse(app, panel)
    });
    registry.addCommand(NEW_SESSION, {
      label: trans.__('New Session…'),
      isEnabled: isLive,
      execute: () => {
        shell.activateById(panel.id);
        panel.newSession();
      }
    });
    registry.addCommand(MAKE_DEFAULT, {
      label: trans.__('Choose the Default Session…'),
      isEnabled: isLive,
      execute: () => deeds.makeDefault()
    });
    registry.addCommand(CANCEL, {
      label: trans.__('Cancel What Runs in the Default Session'),
      isEnabled: isLive,
      execute: () => deeds.cancel()
    });
    registry.addCommand(LOAD_EXTENSION, {
      label: trans.__('Insert %load_ext mars_nb'),
      isEnabled: () => connection.front.widget !== null,
      execute: () => {
        if (connection.front.widget) {
          insertLoad(connection.front.widget);
        }
      }
    });
    const all = [OPEN, CLOSE, NEW_SESSION, MAKE_DEFAULT, CANCEL, LOAD_EXTENSION];
    const tell = (): void => all.forEach(command => registry.notifyCommandChanged(command));
    connection.openChanged.connect(tell);
    connection.front.changed.connect(tell);
    panel.shownChanged.connect(tell);
    all.forEach(command => palette?.addItem({ command, category: CATEGORY }));
  }
};

/** What commands do in the kernel in front, whether the panel is shown or not. */
class Deeds {
  constructor(
    private readonly _connection: Connection,
    private readonly _trans: TranslationBundle
  ) {}

  /** Let the user choose the default session. */
  async makeDefault(): Promise<void> {
    const state = await this._state();
    const sessions = Object.entries(state?.sessions ?? {}).sort(([, a], [, b]) => a.order - b.order);
    if (!sessions.length) {
      Notification.info(this._trans.__('No session is open.'));
      return;
    }
    const chosen = await InputDialog.getItem({
      title: this._trans.__('Default Session'),
      items: sessions.map(([, session]) => session.name),
      current: sessions.findIndex(([id]) => id === state?.default)
    });
    const found = sessions.find(([, session]) => session.name === chosen.value);
    if (chosen.button.accept && found) {
      await this._do({ do: 'default', session: found[0] });
    }
  }

  /** Cancel all tasks of the default session. */
  async cancel(): Promise<void> {
    const state = await this._state();
    const tasks = Object.values(state?.sessions[state.default]?.tasks ?? {}).filter(task =>
      ['waiting', 'running'].includes(task.state)
    );
    if (state && !tasks.length) {
      Notification.info(this._trans.__('No task runs in the default session.'));
    }
    await Promise.all(
      tasks.map(({ number }) => this._do({ do: 'cancel', session: state?.default ?? '', task: number }))
    );
  }

  private async _state(): Promise<State | undefined> {
    try {
      return await this._connection.refresh();
    } catch (error) {
      show(error);
      return undefined;
    }
  }

  private async _do(action: Action): Promise<void> {
    await this._connection.request(action).catch(show);
  }
}

function show(error: unknown): void {
  const lines = error instanceof RequestFailed ? [error.message, ...error.hints] : [String(error)];
  Notification.error(lines.join('\n'));
}

/** Collapse the sidebar that the panel is in: shells of JupyterLab and Notebook can do it, but their interface has it not. */
function collapse({ shell }: JupyterFrontEnd, panel: SidebarPanel): void {
  const collapsible = shell as { collapseLeft?: () => void; collapseRight?: () => void };
  if ([...shell.widgets('left')].includes(panel)) {
    collapsible.collapseLeft?.();
  } else {
    collapsible.collapseRight?.();
  }
}
