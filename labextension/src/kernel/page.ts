/*
 * What a page remembers over a reload.
 *
 * It is taken out of the session's storage when the page is loaded and put back when it goes: a duplicate of the page,
 * which gets a copy of the storage, is another page.
 */
import { UUID } from '@lumino/coreutils';

const KEY = '@mars-nb/labextension:page';

interface Remembered {
  panel: string;
  kernels: string[];
}

export class Page {
  constructor(private readonly _storage: Storage = window.sessionStorage) {
    const { panel, kernels } = this._read();
    this.panel = panel ?? UUID.uuid4();
    this._kernels = new Set(kernels);
    _storage.removeItem(KEY);
  }

  /** Names the panel of this page. */
  readonly panel: string;

  /** Whether a kernel is known to have loaded mars_nb. */
  knows(kernel: string): boolean {
    return this._kernels.has(kernel);
  }

  /** Take note whether a kernel has loaded mars_nb. */
  note(kernel: string, loaded: boolean): void {
    if (loaded) {
      this._kernels.add(kernel);
    } else {
      this._kernels.delete(kernel);
    }
  }

  /** Put back what is to be known after a reload. */
  leave(): void {
    const remembered: Remembered = { panel: this.panel, kernels: [...this._kernels] };
    this._storage.setItem(KEY, JSON.stringify(remembered));
  }

  private _read(): Partial<Remembered> {
    try {
      return JSON.parse(this._storage.getItem(KEY) ?? '{}') as Partial<Remembered>;
    } catch {
      return {};
    }
  }

  private readonly _kernels: Set<string>;
}
