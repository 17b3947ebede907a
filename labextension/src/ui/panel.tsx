import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import { JSX, useCallback, useEffect, useState } from 'react';

import { IPanelModel, View } from '../model/model';
import { State } from '../protocol';
import { BlankState } from './blank';
import { Clock } from './clock';
import { NoticeBoard, useNotices } from './notices';
import { Results } from './results';
import { Sessions } from './sessions';
import { Tasks } from './tasks';
import { Sanitizer, Tools, ToolsContext, useTools, useView } from './tools';

/** The sidebar. */
export class SidebarPanel extends ReactWidget {
  constructor(model: IPanelModel, trans: TranslationBundle, sanitizer: Sanitizer) {
    super();
    this.id = 'mars-nb-sidebar';
    this.addClass('mars-nb-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Sessions of mars_nb'));
    this._tools = { model, trans, sanitizer, newSession: this._newSession };
  }

  /** Told when the panel becomes visible, and when it is hidden. */
  get shownChanged(): ISignal<this, boolean> {
    return this._shownChanged;
  }

  /** Open the form of a new session, and put the focus into it. */
  newSession(): void {
    this._newSession.emit();
  }

  protected override render(): JSX.Element {
    return <Panel tools={this._tools} shown={this._shown} />;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._look();
  }

  protected override onBeforeDetach(message: Message): void {
    this._look(false);
    super.onBeforeDetach(message);
  }

  protected override onAfterShow(): void {
    this._look();
  }

  protected override onAfterHide(): void {
    this._look();
  }

  private _look(shown: boolean = this.isVisible): void {
    if (shown !== this._shown) {
      this._shown = shown;
      this.update();
      this._shownChanged.emit(shown);
    }
  }

  private _shown = false;
  private readonly _tools: Tools;
  private readonly _newSession = new Signal<this, void>(this);
  private readonly _shownChanged = new Signal<this, boolean>(this);
}

/** All of the panel. */
export function Panel({ tools, shown }: { tools: Tools; shown: boolean }): JSX.Element {
  return (
    <ToolsContext.Provider value={tools}>
      <Clock shown={shown}>
        <NoticeBoard>
          <Front />
        </NoticeBoard>
      </Clock>
    </ToolsContext.Provider>
  );
}

/** What is known of the notebook or console in front. */
function Front(): JSX.Element {
  const { model, trans } = useTools();
  const { clear } = useNotices();
  const view = useView(model);
  const { title, blank } = view;
  useEffect(clear, [clear, title, blank]); // what was told is about something else
  return (
    <div className="mars-nb-Front" data-state={blank ?? 'live'} data-title={title}>
      <div className="mars-nb-Header">
        <h2 className="mars-nb-cut" title={title}>
          {title || trans.__('No notebook')}
        </h2>
      </div>
      {view.waits && (
        <p className="mars-nb-Note" data-note="waits">
          {trans.__('This kernel (ipykernel 6) answers when the cell ends; what it shows is live.')}
        </p>
      )}
      {view.state ? <Sections key={title} view={view} state={view.state} /> : <BlankState view={view} />}
    </div>
  );
}

function Sections({ view, state }: { view: View; state: State }): JSX.Element {
  const [wanted, setWanted] = useState('');
  const only = wanted in state.sessions ? wanted : '';
  const choose = useCallback((id: string) => setWanted(before => (before === id ? '' : id)), []);
  const showAll = useCallback(() => setWanted(''), []);
  return (
    <>
      <Sessions state={state} chosen={only} choose={choose} />
      <Results state={state} only={only} showAll={showAll} />
      <Tasks sessions={state.sessions} timeline={view.timeline} only={only} showAll={showAll} />
    </>
  );
}
