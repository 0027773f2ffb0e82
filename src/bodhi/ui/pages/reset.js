"use strict";
// The code arrives in the fragment, which browsers never send to a server, and leaves the address bar at once.
const form = document.getElementById("reset");
const problem = document.getElementById("problem");
const code = location.hash.slice(1);

history.replaceState(null, "", location.pathname);
if (code) {
  form.hidden = false;
  form.elements.password.focus();
} else {
  problem.textContent = "This link is not complete. Open it as it was sent, up to its last character.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch("/bodhi/v1/password-resets/accept", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code, ...Object.fromEntries(new FormData(form)) }),
    });
    const body = await answer.json().catch(() => null);
    if (answer.ok) {
      form.reset();
      form.hidden = true;
      document.getElementById("name").textContent = body.username;
      document.getElementById("done").hidden = false;
    } else {
      problem.textContent = body?.error?.message ?? `Bodhi answered ${answer.status}.`;
    }
  } catch {
    problem.textContent = "Bodhi does not answer. Is it still running?";
  } finally {
    button.disabled = false;
  }
});

// A second link, opened in a tab that has the page already, changes the fragment only.
window.addEventListener("hashchange", () => location.reload());
