/** Leave out what all names begin with, numbers apart: "worker-10", "worker-11" are "10", "11". */
export function shortNames(names: readonly string[]): string[] {
  if (names.length < 2) {
    return [...names];
  }
  let common = names[0].length;
  for (const name of names) {
    while (!name.startsWith(names[0].slice(0, common))) {
      common--;
    }
  }
  const prefix = names[0].slice(0, common).replace(/[\p{L}\p{N}]+$/u, end => (/\d/.test(end) ? '' : end));
  const kept =
    /[\p{L}]$/u.test(prefix) && names.some(name => /^[\p{L}]/u.test(name.slice(prefix.length)))
      ? prefix.replace(/\p{L}+$/u, '')
      : prefix;
  return names.map(name => name.slice(kept.length) || name);
}
