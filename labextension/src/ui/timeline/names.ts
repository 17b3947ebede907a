/** Leave out what all names begin with, up to a separator: "worker-10", "worker-11" are "10", "11". */
export function shortNames(names: readonly string[]): string[] {
  let common = names.length > 1 ? names[0] : '';
  for (const name of names) {
    while (!name.startsWith(common)) {
      common = common.slice(0, -1);
    }
  }
  const prefix = common.replace(/[\p{L}\p{N}]+$/u, '');
  return names.map(name => name.slice(prefix.length));
}
