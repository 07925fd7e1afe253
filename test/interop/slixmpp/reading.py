"""What the library read, as values that JSON can tell."""

import json
import sys

RETRACT = "{urn:xmpp:message-retract:1}retract"
STANZA_ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


def tell(thing):
    sys.stdout.write(json.dumps(thing) + "\n")
    sys.stdout.flush()


def part(stanza, name):
    """A child that is there; asking for it by its name would make it."""
    return stanza.get_plugin(name, check=True)


def id_of(stanza, name):
    found = part(stanza, name)
    return None if found is None else found["id"]


def read_carbon(message):
    for kind in ("sent", "received"):
        if part(message, "carbon_" + kind) is not None:
            return {"kind": kind, "body": message["carbon_" + kind]["body"]}
    return None


def read_retraction(message):
    retract = message.xml.find(RETRACT)
    if retract is not None:
        return {"form": "plain", "of": retract.get("id")}
    fastened = part(message, "apply_to")
    if fastened is None or part(fastened, "retract") is None:
        return None
    return {"form": "fastened", "of": fastened["id"]}


def read_message(message):
    delay = part(message, "delay")
    reactions = part(message, "reactions")
    calls = [kind for kind in ("propose", "proceed", "reject", "retract") if part(message, "jingle_" + kind) is not None]
    read = {
        "from": message["from"].full,
        "type": message["type"],
        "id": message["id"],
        "body": message["body"] or None,
        "receipt": message["receipt"] or None,
        "asksForReceipt": bool(message["request_receipt"]),
        "isMarkable": part(message, "markable") is not None,
        "displayed": id_of(message, "displayed"),
        "originId": id_of(message, "origin_id"),
        "sentAt": None if delay is None else delay["stamp"].isoformat(),
        "replaces": id_of(message, "replace"),
        "repliesTo": id_of(message, "reply"),
        "retraction": read_retraction(message),
        "media": None if part(message, "oob") is None else message["oob"]["url"],
        "reactions": None if reactions is None else {"to": reactions["id"], "values": sorted(reactions["values"])},
        "state": message["chat_state"] or None,
        "calls": {kind: id_of(message, "jingle_" + kind) for kind in calls},
        "carbon": read_carbon(message),
        "condition": message["error"]["condition"] if message["type"] == "error" else None,
    }
    return {key: value for key, value in read.items() if value is not None}


def read_command(iq):
    command = iq["command"]
    form = part(command, "form")
    return {
        "session": command["sessionid"],
        "status": command["status"],
        "actions": sorted(command["actions"]),
        "fields": [] if form is None else [name for name in form.get_fields() if name != "FORM_TYPE"],
        "values": {} if form is None else {name: value for name, value in form.get_values().items() if value},
        "notes": [text for _, text in command["notes"]],
    }


def read_refusal(error):
    """With what the application says of it, where it does. Source: RFC 6120 §8.3.4"""
    others = [child.tag.split("}")[1] for child in error.iq["error"].xml if not child.tag.startswith(STANZA_ERRORS)]
    return {"refused": error.condition, "text": error.text, "applications": others}


def read_profile(message):
    """The name or the pictures that an event of a contact tells, as the library's own plugins read them."""
    items = message["pubsub_event"]["items"]
    item = items["item"]
    nick = part(item, "nick")
    metadata = part(item, "avatar_metadata")
    read = {
        "from": message["from"].full,
        "type": message["type"],
        "nick": None if nick is None else nick["nick"],
        "pictures": None if metadata is None else [info["id"] for info in metadata["items"]],
    }
    return {key: value for key, value in read.items() if value is not None}
