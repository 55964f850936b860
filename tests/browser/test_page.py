"""The page at /app/, as somebody uses it."""

from playwright.sync_api import Page, Route, expect

from tests.browser import ACCESS, add_track, expect_in, expect_out, fill_in, is_live, sign_in, sign_in_elsewhere, tokens


def test_whoever_signs_in_stays_in(page: Page):
    sign_in(page)
    page.reload()
    expect_in(page)

    other_tab = page.context.new_page()
    other_tab.goto("/app/")

    expect_in(other_tab)


def test_a_wrong_password_is_told(page: Page):
    fill_in(page, "ada", "babbage")

    expect(page.get_by_role("status")).to_have_text("Unable to log in with provided credentials.")
    expect_out(page)
    assert tokens(page) == {}


def test_a_track_is_added_as_whoever_signed_in(page: Page):
    sign_in(page, "grace")

    add_track(page, "A moth in relay 70")

    expect(page.get_by_role("listitem").filter(has_text="A moth in relay 70")).to_contain_text("by grace")


def test_where_the_access_cookie_has_run_out_nobody_notices(page: Page):
    sign_in(page)
    before = tokens(page)
    page.context.clear_cookies(name=ACCESS)  # At its Max-Age the browser does that.

    add_track(page, "Note G")

    assert tokens(page).keys() == before.keys()
    assert not set(tokens(page).values()) & set(before.values())


def test_two_tabs_may_refresh_at_the_same_moment(page: Page):
    sign_in(page)
    other = page.context.new_page()
    other.goto("/app/")
    expect_in(other)
    tabs = {page: "Note H", other: "Note I"}
    for tab, title in tabs.items():
        tab.get_by_label("New track").fill(title)
    page.context.clear_cookies(name=ACCESS)
    waiting: list[Route] = []

    def send_both(route: Route) -> None:
        waiting.append(route)
        if len(waiting) == len(tabs):
            for each in waiting:
                each.continue_()

    page.context.route("**/auth/refresh/", send_both)
    for tab in tabs:  # It does not wait for the answer, as a click would.
        tab.evaluate("document.querySelector('#add-track').requestSubmit()")

    for tab, title in tabs.items():
        expect(tab.get_by_role("status")).to_have_text(f"Added: {title}.")
        tab.reload()
        expect_in(tab)


def test_a_list_may_come_in_one_piece(page: Page):
    page.route("**/tracks/", lambda route: route.fulfill(json=[{"title": "Note K", "owner": "ada"}]))

    sign_in(page)

    expect(page.get_by_role("listitem").filter(has_text="Note K")).to_be_visible()


def test_a_device_is_renamed(page: Page):
    sign_in(page)
    device = page.get_by_role("listitem").filter(has_text="This device")

    device.get_by_text("Rename").click()
    device.get_by_label("New name").fill("The desk <b>at home</b>")
    device.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_have_text("Renamed.")
    page.reload()
    expect(device.get_by_role("heading")).to_have_text("The desk <b>at home</b>")


def test_a_device_is_ended_from_another(page: Page):
    sign_in(page)
    phone, tablet = sign_in_elsewhere(page, "a lost phone"), sign_in_elsewhere(page, "a tablet")
    page.reload()

    page.get_by_role("button", name="End a lost phone").click()

    expect(page.get_by_role("status")).to_have_text("Ended: a lost phone.")
    expect(page.get_by_role("heading", name="a lost phone")).to_have_count(0)
    assert (is_live(page, phone), is_live(page, tablet)) == (False, True)


def test_all_devices_but_this_one_are_ended(page: Page):
    sign_in(page)
    phone = sign_in_elsewhere(page, "phone")
    page.reload()

    page.get_by_role("button", name="End all others").click()

    expect(page.get_by_role("status")).to_contain_text("Ended: ")
    expect(page.get_by_text("last used")).to_have_count(1)
    expect_in(page)
    assert not is_live(page, phone)


def test_whoever_logs_out_is_out_in_every_tab(page: Page):
    sign_in(page)
    access = tokens(page)[ACCESS]
    other = page.context.new_page()
    other.goto("/app/")
    expect_in(other)

    page.get_by_role("button", name="Log out").click()

    for tab in (page, other):
        expect_out(tab)
        tab.reload()
        expect_out(tab)
    assert tokens(page) == {}
    assert not is_live(page, access)


def test_the_way_back_leads_to_nothing_of_theirs(page: Page):
    sign_in(page)
    page.get_by_role("button", name="Log out").click()
    expect_out(page)
    page.goto("/tracks/")

    page.go_back()

    expect_out(page)


def test_a_browser_that_was_ended_from_elsewhere_is_told_so(page: Page):
    sign_in(page)
    phone = sign_in_elsewhere(page, "phone")
    page.request.post("/auth/tokens/revoke-others/", headers={"Authorization": f"Bearer {phone}"})

    page.get_by_label("New track").fill("Note J")
    page.get_by_role("button", name="Add").click()

    expect(page.get_by_role("status")).to_have_text("You are not signed in here any more.")
    expect_out(page)


def test_the_page_fits_on_a_small_phone(page: Page):
    page.set_viewport_size({"width": 320, "height": 568})
    sign_in(page)

    overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    assert overhang == 0
