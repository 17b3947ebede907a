import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { SETTINGS } from './names';

/** The settings, as schema/plugin.json describes them. */
export interface Settings {
  area: 'left' | 'right';
  statusItem: boolean;
}

/** Do something with the settings, now and whenever they change. */
export async function follow(registry: ISettingRegistry | null, apply: (settings: Settings) => void): Promise<void> {
  const settings = await registry?.load(SETTINGS).catch(() => undefined);
  const update = (): void => {
    const { area, statusItem } = settings?.composite ?? {};
    apply({ area: area === 'left' ? 'left' : 'right', statusItem: statusItem !== false });
  };
  settings?.changed.connect(update);
  update();
}
