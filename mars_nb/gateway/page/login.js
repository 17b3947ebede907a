// Browsers send no strict cookie with a page that another site led to. This page asks once more, as one of the gateway's own.
history.replaceState(null, '', '/');
const answer = await fetch('/api/v1/login');
if (answer.ok) {
  location.reload();
}
