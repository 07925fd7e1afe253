"""What is asked of the app: sessions of calls and suggestions, for which the library has no words, and everything else."""

from xml.etree.ElementTree import fromstring

from slixmpp import register_stanza_plugin
from slixmpp.stanza import Iq
from slixmpp.xmlstream import ElementBase
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from reading import tell

SUGGESTIONS = "http://jabber.org/protocol/rosterx"
JINGLE = "urn:xmpp:jingle:1"
MEDIA = "urn:xmpp:jingle:apps:rtp:1"
WAYS = "urn:xmpp:jingle:transports:ice-udp:1"
TIMEOUT_SECONDS = 15
# XEP-0166 §10
UNKNOWN_SESSION = "<unknown-session xmlns='urn:xmpp:jingle:errors:1'/>"


class Session(ElementBase):
    """One step of a session's negotiation. Source: XEP-0166 §7.1"""

    name = "jingle"
    namespace = JINGLE
    plugin_attrib = "jingle"
    interfaces = {"action", "initiator", "responder", "sid"}


class Suggestion(ElementBase):
    """People whom somebody suggests. Source: XEP-0144 §3"""

    name = "x"
    namespace = SUGGESTIONS
    plugin_attrib = "suggestion"


register_stanza_plugin(Iq, Session)
register_stanza_plugin(Iq, Suggestion)


class Answering:
    """A part of the app, which tells of every request that comes as an event."""

    def answer_requests(self):
        self.sessions = set()
        self.add_filter("in", self.note)
        self.register_handler(Callback("a session", StanzaPath("iq@type=set/jingle"), self.on_session))
        self.register_handler(Callback("a suggestion", StanzaPath("iq@type=set/suggestion"), self.on_suggestion))

    def note(self, stanza):
        if stanza.name == "iq" and stanza["type"] in ("get", "set"):
            payload = next((child.tag for child in stanza.xml), "")
            tell({"event": "request", "from": stanza["from"].full, "type": stanza["type"], "payload": payload})
        return stanza

    def on_suggestion(self, iq):
        jids = [item.get("jid") for item in iq["suggestion"].xml.findall(f"{{{SUGGESTIONS}}}item[@action='add']")]
        tell({"event": "suggestion", "from": iq["from"].full, "jids": jids})
        iq.reply().send()

    def on_session(self, iq):
        step = iq["jingle"]
        if step["action"] == "session-initiate":
            self.sessions.add(step["sid"])
        elif step["sid"] not in self.sessions:
            return self.refuse(iq)
        reason = step.xml.find(f"{{{JINGLE}}}reason/*")
        read = {
            "event": "session",
            "from": iq["from"].full,
            **{name: step[name] for name in ("action", "initiator", "responder", "sid") if step[name]},
            "media": [one.get("media") for one in step.xml.iter(f"{{{MEDIA}}}description")],
            "candidates": [one.get("ip") for one in step.xml.iter(f"{{{WAYS}}}candidate")],
        }
        tell(read if reason is None else {**read, "reason": reason.tag.split("}")[1]})
        iq.reply().send()

    def refuse(self, iq):
        answer = iq.reply()
        answer["error"]["condition"] = "item-not-found"
        # As some apps do, it says more of itself than it should
        answer["error"]["text"] = f"no such session at {self.boundjid.full}"
        answer["error"].xml.append(fromstring(UNKNOWN_SESSION))
        answer.send()

    async def do_session(self, to, action, sid, initiator=None, responder=None, media=None, candidate=None, reason=None):
        """One step of a negotiation. Source: XEP-0166 §7.1, XEP-0167 §5, XEP-0176 §5"""
        if action == "session-initiate":
            self.sessions.add(sid)
        iq = self.make_iq_set(ito=to)
        step = iq["jingle"]
        for name, value in {"action": action, "sid": sid, "initiator": initiator, "responder": responder}.items():
            if value:
                step[name] = value
        if media or candidate:
            described = f"<description xmlns='{MEDIA}' media='{media}'><payload-type id='96' name='opus'/></description>"
            way = f"<candidate component='1' foundation='1' ip='{candidate}' port='8998' protocol='udp' type='host'/>"
            step.xml.append(
                fromstring(
                    f"<content xmlns='{JINGLE}' creator='initiator' name='voice'>{described if media else ''}"
                    f"<transport xmlns='{WAYS}' ufrag='8hhy' pwd='asd88fgpdd777uzjYhagZg'>{way if candidate else ''}</transport>"
                    "</content>"
                )
            )
        if reason:
            step.xml.append(fromstring(f"<reason xmlns='{JINGLE}'><{reason}/></reason>"))
        await iq.send(timeout=TIMEOUT_SECONDS)
