"""What the app asks of the component, and of numbers."""

from xml.etree.ElementTree import Element, SubElement, fromstring

from slixmpp import register_stanza_plugin
from slixmpp.stanza import Iq
from slixmpp.xmlstream import ElementBase

from reading import read_command

TIMEOUT_SECONDS = 15
PHONE_BOOK = "{im.quicksy.synchronization:0}"


class Gateway(ElementBase):
    """What XEP-0100 §6.3 calls a gateway's prompt; the library has no words for it."""

    name = "query"
    namespace = "jabber:iq:gateway"
    plugin_attrib = "gateway"
    interfaces = sub_interfaces = {"desc", "prompt", "jid"}


register_stanza_plugin(Iq, Gateway)


class Dealing:
    """A part of the app: each method is a request, and what it answers."""

    async def do_gateway(self, to, number=None):
        iq = self.make_iq_get(ito=to) if number is None else self.make_iq_set(ito=to)
        iq["gateway"]["prompt"] = number or ""
        if number is None:
            del iq["gateway"]["prompt"]
        answer = await iq.send(timeout=TIMEOUT_SECONDS)
        return {name: answer["gateway"][name] for name in ("desc", "prompt", "jid") if answer["gateway"][name]}

    async def do_search(self, to, values):
        form = self["xep_0004"].make_form(ftype="submit")
        for name, value in {"FORM_TYPE": "jabber:iq:search", **values}.items():
            form.add_field(var=name, value=value)
        iq = self.make_iq_set(ito=to)
        iq["search"].append(form)
        answer = await iq.send(timeout=TIMEOUT_SECONDS)
        return list(answer["search"]["form"].get_items())

    async def do_phone_book(self, to, numbers, ver=None):
        """All numbers of a phone book at once, as Quicksy's apps ask; null where the answer is that nothing has changed."""
        book = Element(PHONE_BOOK + "phone-book", {} if ver is None else {"ver": ver})
        for number in numbers:
            SubElement(book, PHONE_BOOK + "entry", {"number": number})
        iq = self.make_iq_get(ito=to)
        iq.append(book)
        answer = (await iq.send(timeout=TIMEOUT_SECONDS)).xml.find(PHONE_BOOK + "phone-book")
        if answer is None:
            return None
        return {entry.get("number"): entry.findtext(PHONE_BOOK + "jid") for entry in answer}

    async def do_commands(self, to):
        items = await self["xep_0050"].get_commands(to, timeout=TIMEOUT_SECONDS)
        return sorted(node for _, node, _ in items["disco_items"]["items"])

    async def do_command(self, to, node, action="execute", session=None, values=None):
        form = None
        if values is not None:
            form = self["xep_0004"].make_form(ftype="submit")
            for name, value in values.items():
                form.add_field(var=name, value=value)
        answer = await self["xep_0050"].send_command(
            to, node, action=action, payload=form, sessionid=session, timeout=TIMEOUT_SECONDS
        )
        return read_command(answer)

    async def do_registration(self, to):
        answer = await self["xep_0077"].get_registration(to, timeout=TIMEOUT_SECONDS)
        register = answer["register"]
        values = {name: register[name] for name in register["fields"] if register[name]}
        return {"isRegistered": register["registered"], "fields": sorted(register["fields"]), "values": values}

    async def do_register(self, to, fields):
        iq = self.make_iq_set(ito=to)
        for name, value in fields.items():
            iq["register"][name] = value
        await iq.send(timeout=TIMEOUT_SECONDS)

    async def do_unregister(self, to):
        await self["xep_0077"].cancel_registration(to, timeout=TIMEOUT_SECONDS)

    async def do_ping(self, to):
        await self["xep_0199"].send_ping(to, timeout=TIMEOUT_SECONDS)

    async def do_request(self, to, type, payload):
        """Any request, for what the library has no words for or would not ask; answers the tags of what came back."""
        iq = self.make_iq(itype=type, ito=to)
        iq.append(fromstring(payload))
        return [child.tag for child in (await iq.send(timeout=TIMEOUT_SECONDS)).xml]
