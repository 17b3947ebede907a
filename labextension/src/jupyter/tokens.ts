import { Token } from '@lumino/coreutils';

import { Connection } from '../kernel/connection';
import { SidebarPanel } from '../ui/panel';
import { ID } from './names';

/** What is known of the kernel in front. */
export const IConnection = new Token<Connection>(
  `${ID}:IConnection`,
  'The connection of mars_nb to the kernel in front.'
);

/** The panel in the sidebar. */
export const ISidebar = new Token<SidebarPanel>(`${ID}:ISidebar`, 'The panel of mars_nb.');
