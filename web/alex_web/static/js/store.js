/** What this browser remembers of its user's wishes: nothing that was said. Without storage it forgets. */

/** @param {string} key @returns {string} */
export function recall(key) {
  try {
    return localStorage.getItem(`alex.${key}`) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(`alex.${key}`, value);
  } catch {
    // Private windows may have no storage.
  }
}
