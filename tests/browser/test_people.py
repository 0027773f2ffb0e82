"""People, invites and access requests, from both sides."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Route, expect

from bodhi.core.principal import Role
from tests.browser.seeing import axe, axe_in_every_look
from tests.browser.signing import PASSWORD
from tests.browser.watching import Watch, WatchedGateway


def test_an_invited_person_makes_an_account_and_gets_another_role(
    page: Page, open_context: Callable[..., BrowserContext], gateway: WatchedGateway, watch: Watch
) -> None:
    page.goto("/ui/users/")
    page.get_by_role("button", name="Invite somebody").click()
    page.get_by_label("For whom").fill("Grace")
    page.get_by_role("button", name="Make link").click()
    link = page.get_by_label("Link", exact=True).inner_text()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("tab", name="Invites").click()
    expect(page.get_by_role("cell", name="Grace")).to_be_visible()

    watch.keep_secret(PASSWORD)
    watch.allow_status(401, 404)
    guest = open_context().new_page()
    guest.goto(f"{gateway.url}/ui/invite/{link.partition('/ui/invite/')[2]}")
    expect(guest.get_by_text("invites you as a user")).to_be_visible()
    axe(guest)
    guest.get_by_label("Name").fill("grace")
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_role("button", name="Create account").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("Models")
    expect(guest.get_by_role("link", name="Users")).to_be_hidden()

    page.goto("/ui/users/")
    page.get_by_role("button", name="Actions for grace").click()
    page.get_by_role("menuitem", name="Change role").click()
    page.get_by_role("combobox", name="Role").select_option("Manager")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="grace").get_by_role("cell", name="Manager")).to_be_visible()


def test_a_guest_asks_for_access_and_is_let_in(page: Page, page_as: Callable[[Role], Page], watch: Watch) -> None:
    watch.allow_status(401)
    guest = page_as(Role.GUEST)
    guest.goto("/ui/models/")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Ask for access")
    guest.get_by_label("Who you are and what you need").fill("Lin, from the lab")
    axe(guest)
    guest.get_by_role("button", name="Ask for access").click()
    expect(guest.get_by_text("Your request is waiting.")).to_be_visible()

    page.goto("/ui/users/?tab=requests")
    expect(page.get_by_role("tab", name="Access requests (1)")).to_be_visible()
    expect(page.get_by_role("cell", name="Lin, from the lab")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    axe(page)
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("by admin")).to_be_visible()


def test_somebody_is_disabled_given_a_password_link_and_deleted(page: Page, gateway: WatchedGateway) -> None:
    gateway.add_user("lin", Role.USER)
    page.goto("/ui/users/")
    actions = page.get_by_role("button", name="Actions for lin")

    def choose(item: str) -> None:
        actions.click()
        page.get_by_role("menuitem", name=item).click()

    choose("Disable")
    page.get_by_role("alertdialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("row", name="lin").get_by_text("Disabled")).to_be_visible()
    choose("Enable")
    expect(page.get_by_role("row", name="lin").get_by_text("Disabled")).to_be_hidden()
    choose("Password link")
    page.get_by_role("alertdialog").get_by_role("button", name="Make link").click()
    expect(page.get_by_label("Link", exact=True)).to_contain_text("/ui/password-reset/#")
    page.get_by_role("button", name="Done").click()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/bodhi/v1/users/\w+$"), hold, times=1)
    choose("Delete")
    question = page.get_by_role("alertdialog")
    expect(question.get_by_role("button", name="Delete")).to_be_disabled()  # It would move away under a click.
    held.pop().continue_()
    expect(question).to_contain_text("0 tokens")
    question.get_by_role("button", name="Delete").click()
    expect(actions).to_be_hidden()


def test_the_last_admin_cannot_be_lost_and_the_reason_is_told_in_place(page: Page, watch: Watch) -> None:
    watch.allow_status(409)
    page.goto("/ui/users/")
    page.get_by_role("button", name="Actions for admin").click()
    page.get_by_role("menuitem", name="Change role").click()
    page.get_by_role("combobox", name="Role").select_option("User")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Admin")


def test_the_page_and_its_dialogs_look_right(page: Page, gateway: WatchedGateway) -> None:
    gateway.add_user("a-person-with-a-name-that-is-as-long-as-names-may-be-and-then-some", Role.POWER_USER)
    for tab in ("people", "invites", "requests"):
        page.goto(f"/ui/users/?tab={tab}")
        expect(page.get_by_role("tabpanel", name=tab.capitalize())).to_be_visible()
        expect(page.get_by_text("Loading")).to_be_hidden()
        axe_in_every_look(page)
    page.get_by_role("button", name="Invite somebody").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    axe_in_every_look(page)
