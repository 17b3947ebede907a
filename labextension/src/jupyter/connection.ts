import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Connection } from '../kernel/connection';
import { Front } from '../kernel/front';
import { Page } from '../kernel/page';
import { DOMAIN, ID } from './names';
import { IConnection } from './tokens';

export const connection: JupyterFrontEndPlugin<Connection> = {
  id: `${ID}:connection`,
  description: 'Connects to mars_nb in the kernel in front.',
  autoStart: true,
  provides: IConnection,
  optional: [INotebookTracker, IConsoleTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const made = new Connection(new Front(app.shell, notebooks, consoles), new Page(), trans);
    document.addEventListener('visibilitychange', () => made.look());
    window.addEventListener('pagehide', () => made.leavePage());
    return made;
  }
};
