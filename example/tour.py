"""The whole tour, over real HTTP: python -m example.tour http://127.0.0.1:8000

Each line is a request, what it carried, the status that came, and the essential of the answer. The tour stops at the
first surprise. Nothing of Django is imported here: this is what a client sees. It signs in as ada and as grace, whom
`manage.py seed` has made, and takes away again what it adds.
"""

import json
import sys
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

ADA = {"username": "ada", "password": "lovelace-1843"}
GRACE = {"username": "grace", "password": "hopper-1906"}

ASKED = {"WWW-Authenticate": 'Bearer realm="api"'}
REFUSED = {"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'}
TOO_LITTLE = {"WWW-Authenticate": 'Bearer realm="api", error="insufficient_scope", scope="tracks:write"'}
UNKEPT = {"Cache-Control": "no-store"}
DEPRECATED = {"Deprecation": "@1795392000"}

NAMES = {"json": "JSON", "form": "a form", "parts": "multipart"}


def main(words: list[str]) -> int:
    if len(words) != 1 or not words[0].startswith("http://"):
        print(__doc__)
        return 2
    walk = Walk(words[0])
    try:
        look_around(walk)
        token = sign_in(walk)
        album, track = add(walk, token)
        take_along(walk, token)
        keep_off(walk, token, track)
        token = replace(walk, token)
        token = replace_by_get(walk, token)
        take_away(walk, token, [track, album])
        end(walk, token)
        phone, laptop = sign_in_on_two_devices(walk)
        phone, spent = refresh(walk, phone)
        replay(walk, spent, phone, laptop)
        look_after_tokens(walk)
        sign_out(walk, laptop)
        sign_in_to_look(walk)
        speak_knox(walk)
        speak_simplejwt(walk)
    except Surprise as surprise:
        print(f"\nA surprise at step {walk.steps}.\n{surprise}", flush=True)
        return 1
    print(f"\nThat was the tour: {walk.steps} requests and no surprise.")
    return 0


# The tour


def look_around(walk: "Walk") -> None:
    walk.stage("Everybody may look. Whoever wants to add something is asked for a token.")
    albums = walk("GET", "/albums/").expect(200)
    albums.say(f"{albums['count']} albums")
    tracks = walk("GET", "/tracks/").expect(200)
    tracks.say(f"{len(tracks['results'])} of {tracks['count']} tracks")
    more = walk("GET", "/tracks/?page=2").expect(200, count=tracks["count"])
    more.say(f"{len(more['results'])} more")
    walk("POST", "/tracks/", json={"title": "Note G"}).expect(401, ASKED).say(ASKED["WWW-Authenticate"])


def sign_in(walk: "Walk") -> str:
    walk.stage("A name and a password, for a token: another one each time. JSON will do, and so will a form.")
    answers = [walk("POST", "/api-token-auth/", json=ADA).expect(200, UNKEPT).say_token()]
    answers.append(walk("POST", "/api-token-auth/", form=ADA).expect(200, UNKEPT).say_token())
    answers.append(walk("POST", "/api-token-auth/", parts=ADA).expect(200, UNKEPT).say_token())
    token, *spare = (str(answer["token"]) for answer in answers)
    wrong = walk("POST", "/api-token-auth/", json={**ADA, "password": "byron"})
    wrong.expect(400).say(wrong["non_field_errors"][0])
    for each in spare:
        walk("POST", "/api-token-auth/revoke/", token=each).expect(204).say("ended: one of the three will do")
    return token


def add(walk: "Walk", token: str) -> tuple[str, str]:
    walk.stage(
        "With the token, ada adds and changes. `Bearer` or `Token`, in any letter case; the owner is taken from it."
    )
    letters: dict[str, Any] = {"name": "Letters", "artist": "Ada Lovelace"}
    album = walk("POST", "/albums/", token=token, json=letters).expect(201, owner="ada", **letters)
    album.say(f"album {album['id']} of {album['owner']}'s")
    letter: dict[str, Any] = {"title": "To Babbage", "duration": "00:03:20", "album": album["id"]}
    as_grace = {**letter, "owner": "grace"}
    track = walk("POST", "/tracks/", token=token, scheme="Token", form=as_grace).expect(201, owner="ada", **letter)
    track.say(f"track {track['id']} of {track['owner']}'s on it, though the form said it was grace's")
    place = f"/tracks/{track['id']}/"
    for scheme, title in {"bearer": "To Mr Babbage", "TOKEN": "To Charles Babbage"}.items():
        change = walk("PATCH", place, token=token, scheme=scheme, json={"title": title}).expect(200, title=title)
        change.say(f"now {change['title']!r}")
    return f"/albums/{album['id']}/", place


def take_along(walk: "Walk", token: str) -> None:
    walk.stage("ada takes her tracks along, as a file. That view is Django's own, with the same tokens and answers.")
    walk("GET", "/export/").expect(401, ASKED).say(ASKED["WWW-Authenticate"])
    file = walk("GET", "/export/", token=token).expect(200, {"Content-Type": "text/csv; charset=utf-8"})
    head, *rows = file.text.splitlines()
    file.say(f"{head}, and {len(rows)} rows")


def keep_off(walk: "Walk", token: str, track: str) -> None:
    walk.stage("grace may see what is ada's, and not change it. Nor may ada put a track on an album of grace's.")
    graces = str(walk("POST", "/api-token-auth/", json=GRACE).expect(200, UNKEPT).say_token("grace's")["token"])
    walk("GET", track, token=graces).expect(200, owner="ada").say("ada's")
    for method in ("PATCH", "PUT", "DELETE"):
        refused = walk(method, track, token=graces, json={"title": "Mine"}).expect(403)
        refused.say(refused["detail"])
    compilers = walk("POST", "/albums/", token=graces, json={"name": "Compilers", "artist": "Grace Hopper"})
    compilers.expect(201, owner="grace").say(f"album {compilers['id']} of grace's")
    refused = walk("POST", "/tracks/", token=token, json={"title": "Note G", "album": compilers["id"]}).expect(403)
    refused.say(refused["detail"])
    walk("DELETE", f"/albums/{compilers['id']}/", token=graces).expect(204).say("gone again")
    walk("POST", "/api-token-auth/revoke/", token=graces).expect(204).say("grace leaves")


def replace(walk: "Walk", old: str) -> str:
    walk.stage("The token has leaked: ada trades it for a new one, and the old one is dead from the next request on.")
    new = str(
        walk("POST", "/api-token-auth/new/", token=old)
        .expect(200, UNKEPT)
        .say_token("as before: the row stays, its secret is another")["token"]
    )
    is_dead(walk, old, "the old one")
    works(walk, new, "the new one")
    return new


def replace_by_get(walk: "Walk", old: str) -> str:
    walk.stage("GET trades it too, as tutorials have it, but is deprecated. HEAD changes nothing.")
    walk("HEAD", "/api-token-auth/new/", token=old).expect(405).say("not allowed")
    works(walk, old, "still the same")
    answer = walk("GET", "/api-token-auth/new/", token=old).expect(200, UNKEPT | DEPRECATED)
    new = str(answer.say_token("and Deprecation: " + DEPRECATED["Deprecation"])["token"])
    is_dead(walk, old, "the old one")
    works(walk, new, "the new one")
    return new


def take_away(walk: "Walk", token: str, places: list[str]) -> None:
    walk.stage("ada takes away what she added.")
    for place in places:
        walk("DELETE", place, token=token).expect(204).say("gone")
        walk("GET", place).expect(404).say("for everybody")


def end(walk: "Walk", token: str) -> None:
    walk.stage("ada signs out. To end what has ended is no error, and it opens nothing any more.")
    walk("POST", "/api-token-auth/revoke/", token=token).expect(204).say("ended")
    walk("POST", "/api-token-auth/revoke/", token=token).expect(204).say("had ended")
    is_dead(walk, token, REFUSED["WWW-Authenticate"])
    refused = walk("POST", "/api-token-auth/new/", token=token).expect(401)
    refused.say(refused["detail"])


def sign_in_on_two_devices(walk: "Walk") -> tuple["Answer", "Answer"]:
    walk.stage("A sign-in that lasts: an access token for minutes, and a refresh token for the next pair. ada has two.")
    phone, laptop = (
        walk("POST", "/auth/login/", json={**ADA, "label": label}).expect(200, UNKEPT, token_type="Bearer")
        for label in ("phone", "laptop")
    )
    phone.say_pair("on the phone")
    laptop.say_pair("on the laptop")
    works(walk, phone["access_token"], "the phone")
    works(walk, laptop["access_token"], "the laptop")
    wrong = walk("POST", "/auth/login/", json={**ADA, "password": "byron"}).expect(401, ASKED, code="invalid_login")
    wrong.say(wrong["detail"])
    return phone, laptop


def refresh(walk: "Walk", phone: "Answer") -> tuple["Answer", str]:
    walk.stage("The phone refreshes, in two tabs at once: both are told the same pair. It goes on with that.")
    first = {"refresh_token": phone["refresh_token"]}
    one, other = walk.at_once("POST", "/auth/refresh/", json=first)
    one.expect(200, UNKEPT).say_pair("for one tab")
    other.expect(200, UNKEPT, access_token=one["access_token"], refresh_token=one["refresh_token"])
    other.say_pair("for the other: the same")
    works(walk, one["access_token"], "the phone")
    latest = walk("POST", "/auth/refresh/", json={"refresh_token": one["refresh_token"]}).expect(200, UNKEPT)
    latest.say_pair("and so on")
    works(walk, latest["access_token"], "the phone")
    return latest, first["refresh_token"]


def replay(walk: "Walk", spent: str, phone: "Answer", laptop: "Answer") -> None:
    walk.stage(
        "Somebody presents the phone's first refresh token: it must have been stolen, so the phone is out. "
        "(The server's log says so as well.)"
    )
    again = walk("POST", "/auth/refresh/", json={"refresh_token": spent}).expect(401, REFUSED, code="invalid_token")
    again.say(again["detail"])
    is_dead(walk, phone["access_token"], "the phone")
    last = walk("POST", "/auth/refresh/", json={"refresh_token": phone["refresh_token"]}).expect(401, REFUSED)
    last.say("its newest refresh token is dead, too")
    works(walk, laptop["access_token"], "the laptop, as ever")


def look_after_tokens(walk: "Walk") -> None:
    walk.stage("grace lists what she has, names a tablet, makes a token for a script, and signs the tablet out.")
    # Not ada, who has logged in nearly as often by now as one address may in a minute.
    laptop = walk("POST", "/auth/login/", json={**GRACE, "label": "laptop"}).expect(200, UNKEPT)
    laptop.say_pair("on grace's laptop")
    tablet = walk("POST", "/auth/login/", json=GRACE).expect(200, UNKEPT)
    tablet.say_pair("on her tablet")
    access = laptop["access_token"]
    listed = walk("GET", "/auth/tokens/", token=access).expect(200, UNKEPT, previous=None)
    newest, this = listed["results"][0], next(each for each in listed["results"] if each["is_current"])
    listed.say(f"{len(listed['results'])} of them, and this is the {this['label']}")
    named = walk("PATCH", f"/auth/tokens/{newest['id']}/", token=access, json={"label": "tablet"})
    named.expect(200, id=newest["id"], label="tablet").say("the newest is the tablet")
    script = walk("POST", "/auth/personal/", token=access, json={"label": "backup", "lifetime": "P30D"})
    script.expect(201, UNKEPT, label="backup").say_token("for 30 days, and told once")
    works(walk, script["token"], "the script")
    refused = walk("GET", "/auth/tokens/", token=script["token"]).expect(403, code="login_required")
    refused.say("a script looks after no tokens")
    others = walk("POST", "/auth/tokens/revoke-others/", token=access).expect(200)
    others.say(f"{others['ended']} signed out")
    is_dead(walk, tablet["access_token"], "the tablet")
    works(walk, script["token"], "the script, as ever: nobody could log in for it")
    walk("DELETE", f"/auth/tokens/{script['id']}/", token=access).expect(204).say("the script's, ended by itself")
    walk("DELETE", f"/auth/tokens/{script['id']}/", token=access).expect(404, code="not_found").say("it is gone")
    is_dead(walk, script["token"], "the script")
    walk("POST", "/auth/logout/", token=access).expect(204).say("grace leaves")


def sign_out(walk: "Walk", laptop: "Answer") -> None:
    walk.stage("The laptop signs out, by either token. Twice is no error.")
    walk("POST", "/auth/logout/", token=laptop["access_token"]).expect(204).say("ended")
    walk("POST", "/auth/logout/", json={"refresh_token": laptop["refresh_token"]}).expect(204).say("had ended")
    is_dead(walk, laptop["access_token"], "the laptop")


def sign_in_to_look(walk: "Walk") -> None:
    walk.stage("grace signs in to an app that only shows tracks. It asks for no more, and can do no more for her.")
    asked = {**GRACE, "label": "poster", "scope": "tracks:read"}
    poster = walk("POST", "/auth/login/", json=asked).expect(200, UNKEPT, scope="tracks:read")
    poster.say_pair(f"for {poster['scope']}")
    works(walk, poster["access_token"], "the poster")
    walk("POST", "/tracks/", token=poster["access_token"], json={"title": "Note G"}).expect(403, TOO_LITTLE).say(
        TOO_LITTLE["WWW-Authenticate"]
    )
    wider = {"refresh_token": poster["refresh_token"], "scope": "tracks:read tracks:write"}
    refused = walk("POST", "/auth/refresh/", json=wider).expect(400, code="invalid_scope")
    refused.say(refused["detail"])
    walk("POST", "/auth/logout/", token=poster["access_token"]).expect(204).say("ended")


def speak_knox(walk: "Walk") -> None:
    walk.stage("An app was written for knox, and finds all as it was: grace logs in, and out everywhere.")
    tablet = walk("POST", "/api/auth/login/", json=GRACE).expect(200, UNKEPT).say_token("on grace's tablet")
    phone = walk("POST", "/api/auth/login/", json=GRACE).expect(200, UNKEPT).say_token("on her phone")
    walk("GET", "/tracks/", token=tablet["token"], scheme="Token").expect(200).say("the tablet")
    walk("POST", "/api/auth/logoutall/", token=phone["token"], scheme="Token").expect(204, UNKEPT).say("ended")
    is_dead(walk, tablet["token"], "the tablet")
    is_dead(walk, phone["token"], "the phone")


def speak_simplejwt(walk: "Walk") -> None:
    walk.stage(
        "Another was written for simplejwt. Its tokens are JWTs, which other services verify by the published keys."
    )
    pair = walk("POST", "/api/token/", json=GRACE).expect(200, UNKEPT)
    pair.say(f"a pair, {hint(pair['access'])}")
    published = walk("GET", "/.well-known/jwks.json").expect(200)
    signer = next(key for key in published["keys"] if key["kid"] == told(pair["access"], 0)["kid"])
    published.say(f"an {signer['alg']} key has signed it")
    works(walk, pair["access"], "the app")
    again = walk("POST", "/api/token/refresh/", json={"refresh": pair["refresh"]}).expect(200, UNKEPT)
    again.say(f"another access token, {hint(again['access'])}")
    walk("POST", "/api/token/verify/", json={"token": again["access"]}).expect(200, UNKEPT).say("it is good")
    walk("POST", "/api/token/blacklist/", json={"refresh": pair["refresh"]}).expect(200, UNKEPT).say("ended")
    is_dead(walk, again["access"], "the app: a JWT of ours is as dead as its sign-in")
    refused = walk("POST", "/api/token/verify/", json={"token": again["access"]}).expect(401, code="token_not_valid")
    refused.say(refused["detail"])


def is_dead(walk: "Walk", token: str, which: str) -> None:
    walk("GET", "/tracks/", token=token).expect(401, REFUSED, detail="Invalid token.").say(which)


def works(walk: "Walk", token: str, which: str) -> None:
    # Reading is free, but with a token that is dead even that is a 401.
    walk("GET", "/tracks/", token=token).expect(200).say(which)


# The walking


class Surprise(Exception):
    """Something else came than was expected."""


class Walk:
    """From one request to the next."""

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url).netloc
        self.steps = 0

    def stage(self, title: str) -> None:
        print(f"\n{title}\n", flush=True)

    def __call__(self, method: str, path: str, **carried: Any) -> "Answer":
        """One request, as `send` takes it."""
        self.steps += 1
        return self.send(method, path, **carried)

    def at_once(self, method: str, path: str, **carried: Any) -> list["Answer"]:
        """The same request twice, from two threads."""
        self.steps += 2
        with ThreadPoolExecutor(2) as threads:
            requests = [threads.submit(self.send, method, path, **carried) for _ in range(2)]
            return [request.result() for request in requests]

    def send(self, method: str, path: str, *, token: str = "", scheme: str = "Bearer", **body: Any) -> "Answer":
        """`body` is at most one of `json`, `form` and `parts`."""
        sent, headers = encoded(body)
        if token:
            headers["Authorization"] = f"{scheme} {token}"
        carried = f"{scheme} {hint(token)}" if token else NAMES.get(next(iter(body), ""), "")
        line = f"{method:<6} {path:<23} {carried:<19}"
        connection = HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            raise Surprise(f"  asked     {line.rstrip()}\n  expected  an answer\n  came      {error!r}") from error
        finally:
            connection.close()
        return Answer(line, answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)


@dataclass(frozen=True)
class Answer:
    """What came."""

    line: str
    status: int
    headers: dict[str, str]
    text: str

    def expect(self, status: int, headers: dict[str, str] | None = None, **values: Any) -> "Answer":
        """Itself, if it has this status, these headers, and these values in its JSON."""
        self.agree("status", status, self.status)
        for name, value in (headers or {}).items():
            self.agree(name, value, self.headers.get(name.lower()))
        for name, value in values.items():
            self.agree(name, value, self[name])
        return self

    def say(self, essential: str) -> "Answer":
        print(f"  {self.line}  {self.status}  {essential}", flush=True)
        return self

    def say_pair(self, more: str) -> "Answer":
        return self.say(f"a pair, {hint(self['access_token'])}, {more}")

    def say_token(self, more: str = "") -> "Answer":
        return self.say(f"a token, {hint(self['token'])}" + (f", {more}" if more else ""))

    def __getitem__(self, name: str) -> Any:
        try:
            return json.loads(self.text)[name]
        except (ValueError, KeyError, TypeError):
            raise self.surprise(f"JSON with {name!r} in it", self.text) from None

    def agree(self, what: str, expected: Any, came: Any) -> None:
        if expected != came:
            raise self.surprise(f"{what} {expected!r}", f"{what} {came!r}, with {self.text!r}")

    def surprise(self, expected: str, came: str) -> Surprise:
        return Surprise(f"  asked     {self.line.rstrip()}\n  expected  {expected}\n  came      {came[:500]}")


def encoded(body: dict[str, Any]) -> tuple[bytes | None, dict[str, str]]:
    """What is sent, and the headers that say what it is."""
    match body:
        case {"json": values}:
            return json.dumps(values).encode(), {"Content-Type": "application/json"}
        case {"form": values}:
            return urlencode(values).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        case {"parts": values}:
            part = '--part\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
            sent = "".join(part.format(name, value) for name, value in values.items()) + "--part--\r\n"
            return sent.encode(), {"Content-Type": "multipart/form-data; boundary=part"}
    return None, {}


def hint(token: str) -> str:
    """A token as it may be shown, and as the admin shows it: the prefix, and a piece of the id of its row."""
    if "." in token:
        return f"jwt_{told(token, 1)['sid'][24:]}"
    head, _, rest = token.partition("_")
    return f"{head[:-1]}_{rest[24:32]}"


def told(token: str, part: int) -> Any:
    """What is in the header of a JWT, part 0, or what it claims, part 1. Anybody can read that."""
    text = token.split(".")[part]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
