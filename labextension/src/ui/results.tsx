import { caretDownIcon, closeIcon } from '@jupyterlab/ui-components';
import { JSX, memo, ReactNode, useCallback, useMemo, useRef, useState } from 'react';

import { Preview, State } from '../protocol';
import { IconButton } from './buttons';
import { size } from './format';
import { VirtualList } from './list';
import { LazyItem, ResultItem } from './resultItem';
import { GroupRow, Row, rowsOf, Sorting } from './rows';
import { Section } from './section';
import { useTools } from './tools';

const ITEM_PX = 40;
const GROUP_PX = 26;
/** From how many rows on there is a field to filter them. */
const MANY = 10;

interface Props {
  state: State;
  only: string;
  showAll: () => void;
}

/** What sessions hold, and what of the user's is not executed. */
export function Results({ state, only, showAll }: Props): JSX.Element {
  const { trans } = useTools();
  const [filter, setFilter] = useState('');
  const [sorting, setSorting] = useState<Sorting>('age');
  const [folded, toggleFolded] = useSet();
  const [open, toggleOpen] = useSet();
  const previews = useRef(new Map<string, Preview>());
  const rows = useMemo(() => rowsOf(state, { only, filter, sorting, folded }), [state, only, filter, sorting, folded]);
  const total = Object.values(state.sessions).reduce((sum, session) => sum + session.results_total, 0);
  const many = filter !== '' || rows.length >= MANY;

  const row = (each: Row, active: boolean): ReactNode => {
    switch (each.type) {
      case 'group':
        return (
          <GroupHead
            rowKey={each.key}
            kind={each.kind}
            name={each.name}
            count={each.count}
            nbytes={each.nbytes}
            open={each.open}
            active={active}
            toggle={toggleFolded}
          />
        );
      case 'rest':
        return (
          <div className="mars-nb-faint mars-nb-Item-rest">
            {trans._n('%1 older result is not listed', '%1 older results are not listed', each.count)}
          </div>
        );
      case 'lazy':
        return <LazyItem id={each.id} lazy={each.lazy} running={each.running?.task} active={active} />;
      case 'result':
        return (
          <ResultItem
            session={each.session}
            id={each.id}
            rowKey={each.key}
            result={each.result}
            open={open.has(each.key)}
            active={active}
            toggle={toggleOpen}
            previews={previews.current}
          />
        );
    }
  };
  return (
    <Section
      name="results"
      title={trans.__('Results')}
      count={String(total)}
      tools={only && <OnlyMark name={state.sessions[only].name} showAll={showAll} />}
      top={many && <Filter {...{ filter, setFilter, sorting, setSorting }} />}
    >
      {scroller =>
        rows.length > 0 ? (
          <VirtualList
            label={trans.__('Results')}
            items={rows}
            keyOf={each => each.key}
            height={each => (each.type === 'group' || each.type === 'rest' ? GROUP_PX : ITEM_PX)}
            scroller={scroller}
            row={row}
          />
        ) : (
          <p className="mars-nb-Empty">
            {filter
              ? trans.__('Nothing matches %1.', filter)
              : trans.__('No results yet. What execute() computes is listed here.')}
          </p>
        )
      }
    </Section>
  );
}

/** Says that the sections are about one session only. */
export function OnlyMark({ name, showAll }: { name: string; showAll: () => void }): JSX.Element {
  const { trans } = useTools();
  return (
    <span className="mars-nb-Badge mars-nb-Only">
      <span className="mars-nb-cut" title={name}>
        {name}
      </span>
      <IconButton icon={closeIcon} label={trans.__('Show all sessions')} does="all" onClick={showAll} />
    </span>
  );
}

interface FilterProps {
  filter: string;
  setFilter: (text: string) => void;
  sorting: Sorting;
  setSorting: (sorting: Sorting) => void;
}

function Filter({ filter, setFilter, sorting, setSorting }: FilterProps): JSX.Element {
  const { trans } = useTools();
  return (
    <div className="mars-nb-Filter" role="search">
      <input
        className="mars-nb-Input mars-nb-grow"
        type="search"
        aria-label={trans.__('Filter results by name or type')}
        placeholder={trans.__('Filter')}
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      <select
        className="mars-nb-Input"
        aria-label={trans.__('Sort by')}
        value={sorting}
        onChange={event => setSorting(event.target.value as Sorting)}
      >
        <option value="age">{trans.__('newest')}</option>
        <option value="name">{trans.__('name')}</option>
        <option value="size">{trans.__('size')}</option>
      </select>
    </div>
  );
}

interface GroupProps extends Omit<GroupRow, 'type' | 'key'> {
  rowKey: string;
  active: boolean;
  toggle: (key: string) => void;
}

const GroupHead = memo(function GroupHead(props: GroupProps): JSX.Element {
  const { rowKey, kind, name, count, nbytes, open, active, toggle } = props;
  const { trans } = useTools();
  const titles: Record<GroupRow['kind'], string> = {
    computing: trans.__('Being computed'),
    session: name,
    lazy: trans.__('Not executed')
  };
  return (
    <button
      type="button"
      data-main
      data-group={kind}
      className="mars-nb-Group"
      aria-expanded={open}
      tabIndex={active ? 0 : -1}
      onClick={() => toggle(rowKey)}
    >
      <caretDownIcon.react tag="span" className="mars-nb-Caret" />
      <span className="mars-nb-cut mars-nb-grow" title={name}>
        {titles[kind]}
      </span>
      <span className="mars-nb-faint mars-nb-number">{kind === 'session' ? `${count}, ${size(nbytes)}` : count}</span>
    </button>
  );
});

/** A set of keys, and a function that puts one in or takes it out. */
function useSet(): [ReadonlySet<string>, (key: string) => void] {
  const [set, change] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((key: string) => {
    change(before => {
      const after = new Set(before);
      if (!after.delete(key)) {
        after.add(key);
      }
      return after;
    });
  }, []);
  return [set, toggle];
}
