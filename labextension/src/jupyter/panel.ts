import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISanitizer, Sanitizer } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { Connection } from '../kernel/connection';
import { SidebarPanel } from '../ui/panel';
import { IConnection } from './connection';
import { marsIcon } from './icon';
import { PanelModel } from './model';
import { DOMAIN, ID, SETTINGS } from './names';

const RANK = 550;

/** The panel in the sidebar. */
export const ISidebar = new Token<SidebarPanel>(`${ID}:ISidebar`, 'The panel of mars_nb.');

export const panel: JupyterFrontEndPlugin<SidebarPanel> = {
  id: SETTINGS,
  description: 'Shows the sessions, results and tasks of mars_nb in a sidebar.',
  autoStart: true,
  provides: ISidebar,
  requires: [IConnection],
  optional: [ISanitizer, ITranslator, ISettingRegistry, ILayoutRestorer],
  activate: async (
    app: JupyterFrontEnd,
    connection: Connection,
    sanitizer: ISanitizer | null,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const made = new SidebarPanel(new PanelModel(connection), trans, sanitizer ?? new Sanitizer());
    made.title.icon = marsIcon;
    made.title.caption = trans.__('Mars: sessions, results and tasks');

    const look = (): void => {
      connection.visible = made.isVisible && document.visibilityState === 'visible';
    };
    made.shownChanged.connect(look);
    document.addEventListener('visibilitychange', look);

    await followArea(registry, area => app.shell.add(made, area, { rank: RANK }));
    restorer?.add(made, made.id);
    return made;
  }
};

/** Put the panel where the settings say, now and whenever they change. */
async function followArea(registry: ISettingRegistry | null, place: (area: string) => void): Promise<void> {
  const settings = await registry?.load(SETTINGS).catch(() => null);
  let area = '';
  const update = (): void => {
    const wanted = settings?.composite.area === 'left' ? 'left' : 'right';
    if (wanted !== area) {
      area = wanted;
      place(area);
    }
  };
  settings?.changed.connect(update);
  update();
}
