import { JSX, useEffect, useState } from 'react';

import { Failure, Preview } from '../protocol';
import { failureOf, FailureBox } from './notices';
import { useTools } from './tools';

interface Props {
  session: string;
  id: string;
  name: string;
  /** When the result was executed: another execution looks different. */
  at: number;
  /** Those that were asked for before: a row that scrolls out of view and back need not ask again. */
  previews: Map<string, Preview>;
  /** Called once there is something to be seen. */
  onAnswer: () => void;
}

/** The head of a frame, the corner of an array. */
export function PreviewBox({ session, id, name, at, previews, onAnswer }: Props): JSX.Element {
  const { model, trans, sanitizer } = useTools();
  const key = `${session} ${id} ${at}`;
  const [preview, setPreview] = useState(previews.get(key));
  const [failure, setFailure] = useState<Failure>();
  useEffect(() => {
    if (previews.has(key)) {
      setPreview(previews.get(key));
      return;
    }
    let wanted = true;
    model.request({ do: 'preview', session, key: id }).then(
      value => {
        const { html, text } = value as unknown as Preview;
        previews.set(key, { html, text });
        if (wanted) {
          setPreview({ html, text });
        }
      },
      (error: unknown) => {
        if (wanted) {
          setFailure(failureOf(error));
        }
      }
    );
    return () => {
      wanted = false;
    };
  }, [model, session, id, key, previews]);
  const answered = preview !== undefined || failure !== undefined;
  useEffect(() => {
    if (answered) {
      onAnswer();
    }
  }, [answered, onAnswer]);

  if (failure) {
    return <FailureBox failure={failure} />;
  }
  if (!preview) {
    return <div className="mars-nb-Preview mars-nb-faint">{trans.__('Loading the preview')}</div>;
  }
  const props = {
    className: 'mars-nb-Preview',
    role: 'group',
    tabIndex: 0,
    'aria-label': trans.__('Preview of %1', name),
    'data-lines': preview.text.includes('\n')
  };
  return preview.html ? (
    <div
      {...props}
      className="mars-nb-Preview jp-RenderedHTMLCommon jp-RenderedHTML"
      dangerouslySetInnerHTML={{ __html: sanitizer.sanitize(preview.html) }}
    />
  ) : (
    <div {...props}>
      <pre>{preview.text}</pre>
    </div>
  );
}
