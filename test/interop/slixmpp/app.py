"""
An ordinary XMPP app over slixmpp, which knows nothing of this project: one JSON object a line on standard input is a
request, answered by one on standard output; what arrives is told in between, as it comes.

  {"n": 1, "do": "say", "with": {"to": "…", "text": "…"}}   -> {"n": 1, "answer": …}
                                                           or {"n": 1, "refused": CONDITION, "text": …}
                                                           or {"n": 1, "failed": …}, a fault of this program
  {"event": "message" | "presence" | "profile", …} is a stanza, read by the library's own plugins
  {"event": "request" | "session" | "suggestion", …} is what others ask of the app, which answers by itself

What can be done are the methods of App that begin with "do_", each with its arguments by name. "log_in" may be told
whether the app gives "receipts" ("given"), says so and gives none ("announced") or does not know them ("none"), whether it
"takes_suggestions", and whether it "dies_of_messages".
"""

import asyncio
import json
import os
import sys
from base64 import b64decode
from datetime import datetime
from xml.etree.ElementTree import Element, fromstring

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from answering import SUGGESTIONS, Answering
from dealing import Dealing
from reading import part, read_message, read_profile, read_refusal, tell

# By their numbers: https://xmpp.org/extensions/
EXTENSIONS = (
    "0004 0012 0030 0050 0054 0055 0060 0066 0077 0084 0085 0115 0163 0172 0184 0191 0199 0203 0280 0308 0313 0319 0333 0334 0353 "
    "0359 0424 0444 0461"
)
TIMEOUT_SECONDS = 15
# XEP-0384 0.3 §4.5
SEALED = (
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'><key rid='2'>AAAA</key><iv>AAAAAAAAAAAAAAAA</iv></header>"
    "<payload>AAAA</payload></encrypted>"
)


class App(Dealing, Answering, ClientXMPP):
    def __init__(self, jid, password, receipts, takes_suggestions, dies_of_messages):
        super().__init__(jid, password)
        for number in EXTENSIONS.split():
            if number != "0184" or receipts != "none":
                self.register_plugin("xep_" + number)
        if receipts == "announced":
            self["xep_0184"].auto_ack = False
        self.answer_requests()
        # People decide about requests, not the library
        self.auto_authorize = None
        self.auto_subscribe = False
        self.takes_suggestions = takes_suggestions
        self.dies_of_messages = dies_of_messages
        self.ready = asyncio.get_event_loop().create_future()
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("failed_all_auth", lambda _: self.ready.set_exception(RuntimeError("log-in failed")))
        self.add_event_handler("user_nick_publish", self.on_profile)
        self.add_event_handler("avatar_metadata_publish", self.on_profile)
        self.register_handler(Callback("every message", StanzaPath("message"), self.on_message))
        self.register_handler(Callback("every presence", StanzaPath("presence"), self.on_presence))

    async def on_start(self, _):
        await self.get_roster()
        await self["xep_0280"].enable()
        if self.takes_suggestions:
            await self["xep_0030"].add_feature(SUGGESTIONS)
        # Caps are in the presence once they are known
        await self["xep_0115"].update_caps(broadcast=False)
        self.send_presence()
        self.ready.set_result(True)

    def on_message(self, message):
        tell({"event": "message", **read_message(message)})
        if self.dies_of_messages and message["body"]:
            # Before anything that came behind it is looked at
            os._exit(0)

    def on_profile(self, message):
        tell({"event": "profile", **read_profile(message)})

    def on_presence(self, presence):
        caps = part(presence, "caps")
        tell(
            {
                "event": "presence",
                "from": presence["from"].full,
                "type": presence["type"],
                "status": presence["status"],
                "idleSince": None if part(presence, "idle") is None else presence["idle"]["since"].isoformat(),
                "caps": None if caps is None else f"{caps['node']}#{caps['ver']}",
            }
        )

    # Messages

    def compose(self, to, text, id=None):
        message = self.make_message(mto=to, mbody=text, mtype="chat")
        message["id"] = id or self.new_id()
        message["origin_id"]["id"] = message["id"]
        message["request_receipt"] = True
        message.enable("markable")
        return message

    async def do_say(self, to, text, id=None, replaces=None, replies_to=None, media=None):
        message = self.compose(to, text, id)
        if replaces:
            message["replace"]["id"] = replaces
        if replies_to:
            message["reply"]["id"] = replies_to
            message["reply"]["to"] = to
        if media:
            message["oob"]["url"] = media
        message.send()
        return message["id"]

    async def do_seal(self, to):
        """Sends what only OMEMO reads; whether anybody could is not looked at here."""
        message = self.make_message(mto=to, mtype="chat")
        message["id"] = self.new_id()
        message.append(fromstring(SEALED))
        message.send()
        return message["id"]

    async def do_retract(self, to, id, form):
        """In the form that the library has, fastened to the message, or in that of later versions of XEP-0424."""
        if form == "fastened":
            return self["xep_0424"].send_retraction(to, id)
        message = self.make_message(mto=to, mbody="A message was retracted", mtype="chat")
        message.append(Element("{urn:xmpp:message-retract:1}retract", {"id": id}))
        message.send()

    async def do_react(self, to, to_id, values):
        self["xep_0444"].send_reactions(to, to_id, values)

    async def do_mark(self, to, id, marker="displayed"):
        self["xep_0333"].send_marker(to, id, marker)

    async def do_state(self, to, state):
        message = self.make_message(mto=to, mtype="chat")
        message["chat_state"] = state
        message.send()

    async def do_call(self, kind, to, id):
        calls = self["xep_0353"]
        if kind == "propose":
            calls.propose(to, id, [("urn:xmpp:jingle:apps:rtp:1", "audio")])
        else:
            getattr(calls, kind)(to, id)

    async def do_archived(self):
        answer = await self["xep_0313"].retrieve(rsm={"max": 100}, timeout=TIMEOUT_SECONDS)
        return [read_message(one["mam_result"]["forwarded"]["stanza"]) for one in answer["mam"]["results"]]

    # Contacts

    async def do_presence(self, type=None, to=None, status=None):
        self.send_presence(ptype=type, pto=to, pstatus=status)

    async def do_idle(self, since):
        # The library's own way to say it fails on an argument that it forgets
        presence = self.make_presence()
        presence["idle"]["since"] = datetime.fromisoformat(since)
        presence.send()

    async def do_last_seen(self, jid):
        answer = await self["xep_0012"].get_last_activity(jid, timeout=TIMEOUT_SECONDS)
        return answer["last_activity"]["seconds"]

    async def do_features(self, jid):
        info = await self["xep_0030"].get_info(jid, timeout=TIMEOUT_SECONDS, cached=False)
        return sorted(info["disco_info"]["features"])

    async def do_introduce(self, name, picture):
        vcard = self["xep_0054"].make_vcard()
        vcard["FN"] = name
        await self["xep_0054"].publish_vcard(vcard)
        await self["xep_0172"].publish_nick(name)
        data = picture.encode()
        await self["xep_0084"].publish_avatar(data)
        item = {"id": self["xep_0084"].generate_id(data), "type": "image/png", "bytes": len(data)}
        await self["xep_0084"].publish_avatar_metadata(item)

    async def do_profile(self, jid):
        vcard = await self["xep_0054"].get_vcard(jid, cached=False)
        nick = await self["xep_0060"].get_items(jid, "http://jabber.org/protocol/nick")
        avatar = await self["xep_0060"].get_items(jid, "urn:xmpp:avatar:metadata")
        # The library reads nick and metadata in events only, and fails at data
        (info,) = [one for item in avatar["pubsub"]["items"] for one in item["payload"]]
        data = await self["xep_0084"].retrieve_avatar(jid, info.get("id"))
        (picture,) = [b64decode(item["payload"].text) for item in data["pubsub"]["items"]]
        (name,) = [item["payload"].text for item in nick["pubsub"]["items"]]
        return {"vcard": vcard["vcard_temp"]["FN"], "nick": name, "picture": picture.decode()}

    async def do_block(self, jids, to=None, is_blocked=True):
        """The list is that of a component, or of the server unless one is named, as the library's own call has it."""
        iq = self.make_iq_set(ito=to)
        iq["block" if is_blocked else "unblock"]["items"] = set(jids)
        await iq.send(timeout=TIMEOUT_SECONDS)

    async def do_blocked(self, to):
        iq = self.make_iq_get(ito=to)
        iq.enable("blocklist")
        answer = await iq.send(timeout=TIMEOUT_SECONDS)
        return sorted(jid.full for jid in answer["blocklist"]["items"])

    async def do_log_out(self):
        # The library would forget the stanza that it is about to write, which may be a receipt
        await self.waiting_queue.join()
        await self.disconnect()


app = None


async def log_in(jid, password, host, port, receipts="given", takes_suggestions=False, dies_of_messages=False):
    global app
    app = App(jid, password, receipts, takes_suggestions, dies_of_messages)
    app.connect((host, port), disable_starttls=True)
    await asyncio.wait_for(app.ready, TIMEOUT_SECONDS)
    return app.boundjid.full


async def answer(request):
    known = {"log_in": log_in} if app is None else {request["do"]: getattr(app, "do_" + request["do"])}
    try:
        result = await known[request["do"]](**request.get("with", {}))
        tell({"n": request["n"], "answer": result})
    except IqError as error:
        tell({"n": request["n"], **read_refusal(error)})
    except IqTimeout:
        tell({"n": request["n"], "refused": "timeout", "text": "", "applications": []})
    except Exception as error:
        tell({"n": request["n"], "failed": repr(error)})


async def main():
    lines = asyncio.StreamReader()
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    # In the order of the lines: an app does one thing after the other
    while line := await lines.readline():
        await answer(json.loads(line))


asyncio.get_event_loop().run_until_complete(main())
