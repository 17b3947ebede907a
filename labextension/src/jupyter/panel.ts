import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Sanitizer } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Connection } from '../kernel/connection';
import { SidebarPanel } from '../ui/panel';
import { marsIcon } from './icon';
import { PanelModel } from './model';
import { DOMAIN, SETTINGS } from './names';
import { follow } from './settings';
import { IConnection, ISidebar } from './tokens';

const RANK = 550;

export const panel: JupyterFrontEndPlugin<SidebarPanel> = {
  id: SETTINGS,
  description: 'Shows the sessions, results and tasks of mars_nb in a sidebar.',
  autoStart: true,
  provides: ISidebar,
  requires: [IConnection],
  optional: [IRenderMimeRegistry, ITranslator, ISettingRegistry, ILayoutRestorer],
  activate: async (
    app: JupyterFrontEnd,
    connection: Connection,
    rendermime: IRenderMimeRegistry | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const made = new SidebarPanel(new PanelModel(connection), trans, rendermime?.sanitizer ?? new Sanitizer());
    made.title.icon = marsIcon;
    made.title.caption = trans.__('Mars: sessions, results and tasks');

    made.shownChanged.connect((_, shown) => connection.see('panel', shown));
    let shownIn = '';
    await follow(registry, ({ area }) => {
      if (area !== shownIn) {
        shownIn = area;
        app.shell.add(made, area, { rank: RANK });
      }
    });
    restorer?.add(made, made.id);
    return made;
  }
};
