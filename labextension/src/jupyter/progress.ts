/*
 * Shows the progress of mars_nb again in a page that was reloaded while a cell runs.
 *
 * JupyterLab and Notebook drop what the kernel sends for a cell that another page has started, be it the same page before
 * a reload. Progress outputs bear a mark: the cell's id and the id of the output. Those of executions that another page
 * asked for before this one was opened are put into their cell here. Nothing is sent to the kernel, which is busy.
 */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { CodeCellModel } from '@jupyterlab/cells';
import { IOutput } from '@jupyterlab/nbformat';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel, KernelMessage } from '@jupyterlab/services';

import { markOf } from '../model/marks';
import { Asked, findMarked, isDropped } from '../model/outputs';
import { ID } from './names';

function put(
  panel: NotebookPanel,
  kernel: Kernel.IKernelConnection | null | undefined,
  opened: Date,
  message: KernelMessage.IMessage
): void {
  if (!KernelMessage.isDisplayDataMsg(message) && !KernelMessage.isUpdateDisplayDataMsg(message)) {
    return;
  }
  const { data, metadata } = message.content;
  const mark = markOf(metadata);
  const asked: Asked = message.parent_header;
  if (!mark?.cell_id || !kernel || !isDropped(asked, kernel.clientId, opened)) {
    return;
  }
  const cell = [...(panel.content.model?.cells ?? [])].find(each => each.id === mark.cell_id);
  if (!(cell instanceof CodeCellModel)) {
    return;
  }
  const output: IOutput = { output_type: 'display_data', data, metadata };
  const all = Array.from({ length: cell.outputs.length }, (_, i) => cell.outputs.get(i).metadata);
  const index = findMarked(all, mark);
  if (index >= 0) {
    cell.outputs.set(index, output);
  } else {
    cell.outputs.add(output);
  }
}

export const progress: JupyterFrontEndPlugin<void> = {
  id: `${ID}:progress`,
  description: 'Shows the progress of mars_nb again in a page that was reloaded.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel, context) => {
        const opened = new Date();
        context.sessionContext.iopubMessage.connect((sender, message) =>
          put(panel, sender.session?.kernel, opened, message)
        );
      }
    });
  }
};
