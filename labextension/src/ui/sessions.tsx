import { addIcon } from '@jupyterlab/ui-components';
import { JSX, useEffect, useMemo, useState } from 'react';

import { Session, State } from '../protocol';
import { IconButton, TextButton } from './buttons';
import { SessionCard } from './card';
import { VirtualList } from './list';
import { Section } from './section';
import { NewSessionForm } from './sessionForm';
import { useTools } from './tools';

const CARD_PX = 74;

interface Props {
  state: State;
  chosen: string;
  choose: (id: string) => void;
}

type Entry = readonly [id: string, session: Session];

/** The open sessions. */
export function Sessions({ state, chosen, choose }: Props): JSX.Element {
  const { trans, newSession } = useTools();
  const [asked, setAsked] = useState(0);
  const adding = asked > 0;
  const ask = () => setAsked(before => before + 1);
  useEffect(() => {
    newSession.connect(ask);
    return () => void newSession.disconnect(ask);
  }, [newSession]);
  const { sessions } = state;
  const entries = useMemo<Entry[]>(
    () => Object.entries(sessions).sort(([, a], [, b]) => a.order - b.order),
    [sessions]
  );
  return (
    <Section
      name="sessions"
      title={trans.__('Sessions')}
      count={String(entries.length)}
      tools={<IconButton icon={addIcon} label={trans.__('New session')} does="new" disabled={adding} onClick={ask} />}
      reveal={asked}
      top={adding && <NewSessionForm asked={asked} end={() => setAsked(0)} />}
    >
      {scroller =>
        entries.length > 0 ? (
          <VirtualList
            label={trans.__('Sessions')}
            items={entries}
            keyOf={([id]) => id}
            height={() => CARD_PX}
            scroller={scroller}
            row={([id, session], active) => (
              <SessionCard
                id={id}
                session={session}
                isDefault={id === state.default}
                chosen={id === chosen}
                active={active}
                choose={choose}
              />
            )}
          />
        ) : (
          !adding && (
            <div className="mars-nb-Blank" data-blank="no-session">
              <p>{trans.__('No session is open. Executing something opens one; or open one here.')}</p>
              <TextButton kind="accept" does="new" onClick={ask}>
                {trans.__('New session')}
              </TextButton>
            </div>
          )
        )
      }
    </Section>
  );
}
