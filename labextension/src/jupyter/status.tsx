import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { GroupItem, IStatusBar, ProgressBar, TextItem } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { JSX, KeyboardEvent } from 'react';

import { Connection } from '../kernel/connection';
import { MarkReader } from '../kernel/marks';
import { Standing, standingOf } from '../model/standing';
import { DOMAIN, ID, OPEN } from './names';
import { follow } from './settings';
import { IConnection } from './tokens';

const WIDTH_PX = 60;

/** The default session's name, and how far its running tasks are. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly _connection: Connection,
    private readonly _reader: MarkReader,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.id = 'mars-nb-status';
    this.addClass('jp-mod-highlighted');
    _connection.changed.connect(this._look, this);
    _reader.changed.connect(this._look, this);
    this._look();
  }

  /** Told when the item is to be shown or hidden. */
  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  /** Whether there is something to show. */
  get isActive(): boolean {
    return this._standing !== undefined;
  }

  protected override render(): JSX.Element | null {
    if (!this._standing) {
      return null;
    }
    const { name, percent } = this._standing;
    const running = percent !== undefined;
    const label = running
      ? this._trans.__('Default session of mars_nb: %1, %2 % done', name, percent)
      : this._trans.__('Default session of mars_nb: %1', name);
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        this._open();
      }
    };
    return (
      <div role="button" tabIndex={0} aria-label={label} title={label} onClick={this._open} onKeyDown={onKeyDown}>
        <GroupItem spacing={4} aria-hidden data-session={name} data-percent={percent}>
          <TextItem source={name} />
          {running && <ProgressBar percentage={percent} width={WIDTH_PX} />}
          {running && <TextItem source={`${percent} %`} />}
        </GroupItem>
      </div>
    );
  }

  private _look(): void {
    const { defaultName, view, visible } = this._connection;
    const before = this._standing;
    const now = standingOf(defaultName, visible ? view.state : undefined, this._reader.marks);
    if (now?.name !== before?.name || now?.percent !== before?.percent) {
      this._standing = now;
      this.update();
      if (!now !== !before) {
        this._activeChanged.emit();
      }
    }
  }

  private _standing: Standing | undefined;
  private readonly _activeChanged = new Signal<this, void>(this);
}

export const status: JupyterFrontEndPlugin<void> = {
  id: `${ID}:status`,
  description: 'Shows the default session of mars_nb in the status bar.',
  autoStart: true,
  requires: [IConnection, IStatusBar],
  optional: [ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    connection: Connection,
    bar: IStatusBar,
    translator: ITranslator | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const reader = new MarkReader(connection.front);
    let shown: IDisposable | undefined;
    void follow(registry, ({ statusItem }) => {
      shown?.dispose();
      shown = undefined;
      if (statusItem) {
        const item = new StatusItem(connection, reader, trans, () => void app.commands.execute(OPEN));
        shown = bar.registerStatusItem(item.id, {
          item,
          align: 'left',
          rank: 10,
          isActive: () => item.isActive,
          activeStateChanged: item.activeChanged
        });
      }
    });
  }
};
