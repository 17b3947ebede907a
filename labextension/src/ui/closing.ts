import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { Session } from '../protocol';
import { size } from './format';

/** Ask before a session with results is closed. */
export async function mayClose(session: Session, trans: TranslationBundle): Promise<boolean> {
  const { name, results_total: results, nbytes } = session;
  if (!results) {
    return true;
  }
  const lost = trans._n('It holds %1 result (%2).', 'It holds %1 results (%2).', results, size(nbytes));
  const { button } = await showDialog({
    title: trans.__('Close session %1?', name),
    body: `${lost} ${trans.__('Results are freed, and what runs is cancelled.')}`,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Close Session') })
    ]
  });
  return button.accept;
}
