/** Apply a JSON merge patch (RFC 7396); what it does not change is the same object afterwards. */
export function mergePatch<T>(target: T, patch: unknown): T {
  if (!isObject(patch)) {
    return patch as T;
  }
  const before: Record<string, unknown> = isObject(target) ? target : {};
  const after = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      Reflect.deleteProperty(after, key);
    } else {
      after[key] = mergePatch(before[key], value);
    }
  }
  return after as T;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
