import { JSX } from 'react';

import { View } from '../model/model';
import { TextButton } from './buttons';
import { useTools } from './tools';

/** Says why there is nothing to show, and what to do. */
export function BlankState({ view }: { view: View }): JSX.Element {
  const { model, trans } = useTools();
  return (
    <div className="mars-nb-Blank">
      <p>{sentence()}</p>
      {view.blank === 'not-loaded' && (
        <TextButton kind="accept" does="load" onClick={() => model.insertLoad()}>
          {trans.__('Insert %1', '%load_ext mars_nb')}
        </TextButton>
      )}
      {view.detail && <p className="mars-nb-faint">{trans.__('The kernel has mars_nb %1.', view.detail)}</p>}
    </div>
  );

  function sentence(): string {
    switch (view.blank) {
      case 'no-kernel':
        return view.title
          ? trans.__('%1 has no kernel. Choose one, and its sessions appear here.', view.title)
          : trans.__('Open a notebook or a console, and its sessions appear here.');
      case 'starting':
        return trans.__('The kernel is starting, or has not answered yet.');
      case 'not-loaded':
        return trans.__('mars_nb is not loaded in this kernel. Run this in a cell:');
      case 'dead':
        return trans.__(
          'The kernel has died or its connection is broken. Restart it, or choose one anew with Change Kernel in the Kernel menu.'
        );
      case 'mismatch':
        return trans.__(
          'The sidebar and the mars_nb of this kernel have different versions. Install the same version for both, then reload this page and restart the kernel.'
        );
      case 'other-language':
        return trans.__('This kernel does not run Python; mars_nb works in Python kernels.');
      case undefined:
        return '';
    }
  }
}
