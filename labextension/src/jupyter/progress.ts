/*
 * Shows the progress of mars_nb again in a page that was reloaded while a cell runs.
 *
 * JupyterLab and Notebook drop what the kernel sends for a cell that another page has started, be it the same page before
 * a reload. Progress outputs bear a mark: the cell's id and the id of the output. Those of executions that another page
 * asked for before this one was opened are put into their cell here. Nothing is sent to the kernel, which is busy.
 */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IOutput } from '@jupyterlab/nbformat';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { CodeCellModel } from '@jupyterlab/cells';

/** What a progress output bears in its metadata. */
interface Mark {
  cell_id: string;
  progress: string;
}

/** Find the mark of an output. */
function markOf(metadata: unknown): Mark | undefined {
  return (metadata as { mars_nb?: Mark } | undefined)?.mars_nb;
}

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
  const parent = message.parent_header as Partial<KernelMessage.IHeader>;
  if (!mark || !kernel || parent.session === kernel.clientId) {
    return;
  }
  // Started since by another page that is open, too: it is shown there, and only one of the two should change.
  if (new Date(parent.date ?? 0) > opened) {
    return;
  }
  const cell = [...(panel.content.model?.cells ?? [])].find(each => each.id === mark.cell_id);
  if (!(cell instanceof CodeCellModel)) {
    return;
  }
  const output: IOutput = { output_type: 'display_data', data, metadata };
  for (let i = 0; i < cell.outputs.length; i++) {
    // Saved in mid-run: the display id is not in the file, the mark is.
    if (markOf(cell.outputs.get(i).metadata)?.progress === mark.progress) {
      cell.outputs.set(i, output);
      return;
    }
  }
  cell.outputs.add(output);
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: '@mars-nb/labextension:progress',
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

export default plugin;
