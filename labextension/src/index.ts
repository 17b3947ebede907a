import { commands } from './jupyter/commands';
import { connection } from './jupyter/connection';
import { panel } from './jupyter/panel';
import { progress } from './jupyter/progress';
import { running } from './jupyter/running';
import { status } from './jupyter/status';

export default [progress, connection, panel, commands, status, running];
