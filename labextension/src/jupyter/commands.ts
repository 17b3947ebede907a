import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Connection } from '../kernel/connection';
import { SidebarPanel } from '../ui/panel';
import { insertLoad } from './cells';
import { cancelRunning, chooseDefault } from './deeds';
import { CANCEL, CLOSE, DOMAIN, ID, LOAD_EXTENSION, MAKE_DEFAULT, NEW_SESSION, OPEN } from './names';
import { IConnection, ISidebar } from './tokens';

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
    const { commands: registry, shell } = app;
    const isLive = (): boolean => connection.isOpen;

    registry.addCommand(OPEN, {
      label: trans.__('Show the Panel of Mars'),
      execute: () => shell.activateById(panel.id)
    });
    registry.addCommand(CLOSE, {
      label: trans.__('Hide the Panel of Mars'),
      isEnabled: () => panel.isVisible,
      execute: () => collapse(app, panel)
    });
    registry.addCommand(NEW_SESSION, {
      label: trans.__('New Session of Mars…'),
      isEnabled: isLive,
      execute: () => {
        shell.activateById(panel.id);
        panel.newSession();
      }
    });
    registry.addCommand(MAKE_DEFAULT, {
      label: trans.__('Choose the Default Session of Mars…'),
      isEnabled: isLive,
      execute: () => chooseDefault(connection, trans)
    });
    registry.addCommand(CANCEL, {
      label: trans.__('Cancel What Runs in the Default Session of Mars'),
      isEnabled: isLive,
      execute: () => cancelRunning(connection, trans)
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

/** Collapse the sidebar that the panel is in: shells of JupyterLab and Notebook can do it, but their interface has it not. */
function collapse({ shell }: JupyterFrontEnd, panel: SidebarPanel): void {
  const collapsible = shell as { collapseLeft?: () => void; collapseRight?: () => void };
  if ([...shell.widgets('left')].includes(panel)) {
    collapsible.collapseLeft?.();
  } else {
    collapsible.collapseRight?.();
  }
}
