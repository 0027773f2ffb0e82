"use strict";
// The code arrives in the fragment, which browsers never send to a server, and leaves the address bar at once.
const form = document.getElementById("invite");
const problem = document.getElementById("problem");
const code = location.hash.slice(1);
const roles = { user: "a user", power_user: "a power user", manager: "a Manager", admin: "an Admin" };

async function ask(path, body) {
  problem.textContent = "";
  const answer = await fetch(`/bodhi/v1/invites/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json().catch(() => null);
  if (!answer.ok) {
    problem.textContent = told?.error?.message ?? `Bodhi answered ${answer.status}.`;
  }
  return answer.ok ? told : null;
}

function unreachable() {
  problem.textContent = "Bodhi does not answer. Is it still running?";
}

async function start() {
  history.replaceState(null, "", location.pathname);
  const invite = await ask("look", { code });
  if (invite) {
    const until = new Date(invite.expires_at).toLocaleString();
    const role = roles[invite.role] ?? invite.role;
    document.getElementById("offer").textContent = `${invite.invited_by} invites you as ${role}. The link works once, until ${until}.`;
    form.hidden = false;
    form.elements.username.focus();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const begun = await ask("accept", { code, ...Object.fromEntries(new FormData(form)) });
    if (begun) {
      form.reset();
      form.hidden = true;
      document.getElementById("name").textContent = begun.user.username;
      document.getElementById("base").textContent = `${location.origin}/v1`;
      document.getElementById("done").hidden = false;
    }
  } catch {
    unreachable();
  } finally {
    button.disabled = false;
  }
});

// A second link, opened in a tab that has the page already, changes the fragment only.
window.addEventListener("hashchange", () => location.reload());

start().catch(unreachable);
