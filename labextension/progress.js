/*
 * Shows the progress of mars_nb again in a page that was reloaded while a cell runs.
 *
 * JupyterLab and Notebook drop what the kernel sends for a cell that another page has started, be it the same page before
 * a reload. Progress outputs bear a mark: the cell's id and the id of the output. Those of executions that another page
 * asked for before this one was opened are put into their cell here. Nothing is sent to the kernel, which is busy.
 *
 * Written by hand as what a bundler would make of it (a module federation container), so that it needs no build. It uses
 * public interfaces of JupyterLab 4 only, and none of its modules.
 */
(() => {
  'use strict';
  const NAME = '@mars-nb/labextension';

  function put(panel, kernel, opened, message) {
    if (!['display_data', 'update_display_data'].includes(message.header.msg_type)) return;
    const { data, metadata } = message.content;
    const mark = metadata?.mars_nb;
    const { session, date } = message.parent_header;
    if (!mark || !kernel || session === kernel.clientId) return;
    // Started since by another page that is open, too: it is shown there, and only one of the two should change.
    if (new Date(date) > opened) return;
    const cells = panel.content.model?.cells ?? [];
    const outputs = [...cells].find(cell => cell.id === mark.cell_id)?.outputs;
    if (!outputs) return;
    const output = { output_type: 'display_data', data, metadata };
    for (let i = 0; i < outputs.length; i++) {
      // Saved in mid-run: the display id is not in the file, the mark is.
      if (outputs.get(i).metadata?.mars_nb?.progress === mark.progress) {
        outputs.set(i, output);
        return;
      }
    }
    outputs.add(output);
  }

  const plugin = {
    id: `${NAME}:plugin`,
    description: 'Shows the progress of mars_nb again in a page that was reloaded.',
    autoStart: true,
    activate: app => {
      app.docRegistry.addWidgetExtension('Notebook', {
        createNew: (panel, context) => {
          const opened = new Date();
          context.sessionContext.iopubMessage.connect((sender, message) =>
            put(panel, sender.session?.kernel, opened, message)
          );
        }
      });
    }
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin })
  };
})();
