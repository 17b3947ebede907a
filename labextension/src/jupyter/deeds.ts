/* What commands do in the kernel in front, whether the panel is shown or not. */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { Connection } from '../kernel/connection';
import { RequestFailed } from '../model/model';

type Asked = Pick<Connection, 'refresh' | 'request'>;

/** Let the user choose the default session. */
export async function chooseDefault(connection: Asked, trans: TranslationBundle): Promise<void> {
  await telling(async () => {
    const state = await connection.refresh();
    const sessions = Object.entries(state.sessions).sort(([, a], [, b]) => a.order - b.order);
    if (!sessions.length) {
      Notification.info(trans.__('No session is open.'));
      return;
    }
    const chosen = await InputDialog.getItem({
      title: trans.__('Default Session'),
      items: sessions.map(([, session]) => session.name),
      current: sessions.findIndex(([id]) => id === state.default)
    });
    const found = sessions.find(([, session]) => session.name === chosen.value);
    if (chosen.button.accept && found) {
      await connection.request({ do: 'default', session: found[0] });
    }
  });
}

/** Cancel all tasks of the default session. */
export async function cancelRunning(connection: Asked, trans: TranslationBundle): Promise<void> {
  await telling(async () => {
    const { sessions, default: session } = await connection.refresh();
    const tasks = Object.values(session in sessions ? sessions[session].tasks : {});
    const running = tasks.filter(task => task.state === 'waiting' || task.state === 'running');
    if (!running.length) {
      Notification.info(trans.__('No task runs in the default session.'));
    }
    await Promise.all(running.map(({ number }) => connection.request({ do: 'cancel', session, task: number })));
  });
}

/** Do something, and tell what goes wrong in it. */
export async function telling(deed: () => Promise<void>): Promise<void> {
  try {
    await deed();
  } catch (error) {
    const lines = error instanceof RequestFailed ? [error.message, ...error.hints] : [String(error)];
    Notification.error(lines.join('\n'));
  }
}
