import { connection } from './jupyter/connection';
import { panel } from './jupyter/panel';
import progress from './jupyter/progress';

export default [progress, connection, panel];
