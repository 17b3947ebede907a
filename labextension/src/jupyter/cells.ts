/* What the sidebar does in the cells of a notebook, or in a console. */
import { Cell, CodeCell } from '@jupyterlab/cells';
import { ConsolePanel } from '@jupyterlab/console';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

import { FrontWidget } from '../kernel/front';
import { Code, editOf, insertCode, LOAD, withoutKnown } from '../model/code';
import { findCell } from '../model/place';
import { Recorded } from '../protocol';

/** Put `%load_ext mars_nb` into a cell of its own above the active one, or before what stands in a console's prompt. */
export function insertLoad(widget: FrontWidget): void {
  if (isConsole(widget)) {
    const prompt = widget.console.promptCell;
    if (prompt) {
      const rest = prompt.model.sharedModel.source;
      put(prompt, rest.trim() ? `${LOAD}\n${rest}` : LOAD, LOAD.length);
      focus(prompt);
    }
    return;
  }
  const notebook = widget.content;
  const active = notebook.activeCell;
  if (!(active instanceof CodeCell) || active.model.sharedModel.source.trim()) {
    NotebookActions.insertAbove(notebook);
  }
  if (notebook.activeCell) {
    put(notebook.activeCell, LOAD, LOAD.length);
    edit(widget);
  }
}

/** Put code into the active cell; into a new one below if that is none for code. */
export function insertIntoActive(widget: FrontWidget, code: Code): void {
  if (isConsole(widget)) {
    const prompt = widget.console.promptCell;
    if (prompt) {
      putCode(prompt, withoutKnown(code, sources(widget.console.cells)), true);
      focus(prompt);
    }
    return;
  }
  const notebook = widget.content;
  if (!(notebook.activeCell instanceof CodeCell)) {
    NotebookActions.insertBelow(notebook);
  }
  if (notebook.activeCell) {
    putCode(notebook.activeCell, withoutKnown(code, sources(notebook.widgets)), notebook.mode === 'edit');
    edit(widget);
  }
}

/** Show the cell, with the cursor in the line, where something was recorded; false if there is none (any more). */
export function goTo(widget: FrontWidget, where: Recorded): boolean {
  const cells = isConsole(widget) ? [...widget.console.cells] : widget.content.widgets;
  const index = findCell(
    cells.map(cell => ({ id: cell.model.id, count: cell.model.type === 'code' ? executionCount(cell) : null })),
    where
  );
  if (index < 0) {
    return false;
  }
  void show(widget, cells[index], index, where.line);
  return true;
}

async function show(widget: FrontWidget, cell: Cell, index: number, line: number): Promise<void> {
  if (isConsole(widget)) {
    cell.node.scrollIntoView({ block: 'center' });
    return;
  }
  const notebook = widget.content;
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  await notebook.scrollToCell(cell, 'center');
  await cell.ready; // far away ones have no editor before they are seen
  if (line > 0) {
    moveTo(cell, Math.min(line, cell.editor?.lineCount ?? 1) - 1);
    edit(widget);
  } else {
    notebook.activate();
  }
}

function moveTo(cell: Cell, line: number): void {
  cell.editor?.setCursorPosition({ line, column: 0 });
}

function putCode(cell: Cell, code: Code, editing: boolean): void {
  const text = cell.model.sharedModel.source;
  const { editor } = cell;
  // Where nothing is edited the cursor is where it was left, which nobody sees.
  const cursor = editor && editing ? editor.getOffsetAt(editor.getCursorPosition()) : text.length;
  const after = insertCode({ text, cursor }, code);
  put(cell, after.text, after.cursor);
}

/** Replace the source in one step, so that one undo takes it back. */
function put(cell: Cell, text: string, cursor: number): void {
  const { sharedModel } = cell.model;
  const edit = editOf(sharedModel.source, text);
  sharedModel.updateSource(edit.start, edit.end, edit.text);
  const position = cell.editor?.getPositionAt(cursor);
  if (position) {
    cell.editor?.setCursorPosition(position);
  }
}

function edit(widget: NotebookPanel): void {
  widget.content.mode = 'edit';
  widget.content.activate();
}

function focus(cell: Cell): void {
  cell.editor?.focus();
}

function executionCount(cell: Cell): number | null {
  return cell instanceof CodeCell ? cell.model.executionCount : null;
}

function* sources(cells: Iterable<Cell>): Iterable<string> {
  for (const cell of cells) {
    if (cell instanceof CodeCell) {
      yield cell.model.sharedModel.source;
    }
  }
}

function isConsole(widget: FrontWidget): widget is ConsolePanel {
  return 'console' in widget;
}
