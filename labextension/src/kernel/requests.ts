import { RequestFailed } from '../model/model';
import { Reply } from '../protocol';

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 60_000;

interface Pending {
  resolve: (value: Record<string, unknown>) => void;
  reject: (error: RequestFailed) => void;
  timer: number;
}

/** Requests that have no reply yet. */
export class Requests {
  /**
   * Begin a request.
   *
   * @param send is given its number
   * @param late what went wrong if there is no reply in time; without it the reply is waited for
   */
  begin(send: (request: number) => void, late?: RequestFailed): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const request = ++this._last;
      const timer = late ? window.setTimeout(() => this._take(request)?.reject(late), ANSWER_MS) : 0;
      this._pending.set(request, { resolve, reject, timer });
      send(request);
    });
  }

  /** Take a reply; one that comes too late is nobody's. */
  end(reply: Reply): void {
    const pending = this._take(reply.request);
    if (reply.error) {
      pending?.reject(new RequestFailed(reply.error.text, reply.error.hints));
    } else {
      pending?.resolve(reply.value ?? {});
    }
  }

  /** Nothing will be replied any more. */
  abandon(why: RequestFailed): void {
    for (const request of [...this._pending.keys()]) {
      this._take(request)?.reject(why);
    }
  }

  private _take(request: number): Pending | undefined {
    const pending = this._pending.get(request);
    this._pending.delete(request);
    window.clearTimeout(pending?.timer);
    return pending;
  }

  private readonly _pending = new Map<number, Pending>();
  private _last = 0;
}
