"""
An OMEMO device over python-oldmemo (version 0.3) or python-twomemo (version 2), driven by the same lines as the
libomemo-c one beside it: one command a line on standard input, one answer a line on standard output, bytes in
hexadecimal, "-" for none. The one argument is the name of the library.

  bundle PREKEY_ID                                          -> bundle IDENTITY SPK_ID SPK SIGNATURE PREKEY_ID PREKEY
  initiate IDENTITY SPK_ID SPK SIGNATURE PREKEY_ID PREKEY   -> ok
  encrypt PLAINTEXT                                         -> prekey BYTES | message BYTES
  decrypt prekey|message BYTES                              -> plaintext BYTES
  fresh                                                     -> ok: another device, with new keys and no session
  save                                                      -> saved BYTES: all that the device stores
  load BYTES                                                -> ok: the device is the stored one and knows nothing else

What the library refuses is answered with "error NAME", the name of its exception. PREKEY_ID 0 means no one-time prekey,
which both libraries refuse.
"""

import asyncio
import importlib
import json
import sys

import x3dh
import xeddsa
from omemo.session import Initiation
from omemo.storage import Just, Nothing, Storage

library = importlib.import_module(f"{sys.argv[1]}.{sys.argv[1]}")
IS_OLD = sys.argv[1] == "oldmemo"
BACKEND = library.Oldmemo if IS_OLD else library.Twomemo
PEER = ("peer", 1)
PRE_KEYS = 5


class Memory(Storage):
    """A store in memory; without the cache, so that each step reads back what the last one wrote."""

    def __init__(self, values):
        super().__init__(True)
        self.values = values

    async def _load(self, key):
        return Just(self.values[key]) if key in self.values else Nothing()

    async def _store(self, key, value):
        self.values[key] = value

    async def _delete(self, key):
        self.values.pop(key, None)


def from_hex(text):
    return b"" if text == "-" else bytes.fromhex(text)


def to_hex(data):
    return data.hex() or "-"


def write_key(key):
    return library.StateImpl.serialize_public_key(key) if IS_OLD else key


def read_key(key):
    return library.StateImpl.parse_public_key(key) if IS_OLD else key


def write_identity(identity, signature):
    """In 0.3 the key is written in its X25519 form, and its sign goes into the signature."""
    if not IS_OLD:
        return identity, signature
    signature = signature[:63] + bytes([signature[63] | identity[31] & 0x80])
    return write_key(xeddsa.ed25519_pub_to_curve25519_pub(identity)), signature


def read_identity(identity, signature):
    if not IS_OLD:
        return identity, signature
    edwards = xeddsa.curve25519_pub_to_ed25519_pub(read_key(identity), signature[63] > 0x7F)
    return edwards, signature[:63] + bytes([signature[63] & 0x7F])


def read_bundle(identity, signed_id, signed, signature, pre_key_id, pre_key):
    edwards, plain_signature = read_identity(from_hex(identity), from_hex(signature))
    pre_keys = {} if pre_key == "-" else {read_key(from_hex(pre_key)): int(pre_key_id)}
    bundle = x3dh.Bundle(edwards, read_key(from_hex(signed)), plain_signature, frozenset(pre_keys))
    return library.BundleImpl(*PEER, bundle, int(signed_id), pre_keys)


def key_material(plaintext):
    size = library.PlainKeyMaterialImpl.KEY_LENGTH
    return library.PlainKeyMaterialImpl(plaintext[:size], plaintext[size:])


class Device:
    def __init__(self, values, begun_with=None):
        self.values = values
        self.backend = BACKEND(Memory(values))
        # The words of a bundle that no message was sent to yet
        self.begun_with = begun_with

    async def save(self):
        return ["saved", json.dumps([self.values, self.begun_with]).encode().hex()]

    async def bundle(self, place):
        bundle = await self.backend.get_bundle(*PEER)
        identity, signature = write_identity(bundle.bundle.identity_key, bundle.bundle.signed_pre_key_sig)
        signed = [bundle.signed_pre_key_id, to_hex(write_key(bundle.bundle.signed_pre_key)), to_hex(signature)]
        if place == "0":
            return ["bundle", to_hex(identity), *signed, 0, "-"]
        pre_key, pre_key_id = sorted(bundle.pre_key_ids.items(), key=lambda item: item[1])[int(place) - 1]
        return ["bundle", to_hex(identity), *signed, pre_key_id, to_hex(write_key(pre_key))]

    async def initiate(self, *words):
        # The library begins a session together with its first message; this one only shows whether it would
        await self.backend.build_session_active(*PEER, read_bundle(*words), key_material(b""))
        self.begun_with = words
        return ["ok"]

    async def encrypt(self, plaintext):
        material = key_material(from_hex(plaintext))
        if self.begun_with:
            session, message = await self.backend.build_session_active(*PEER, read_bundle(*self.begun_with), material)
            self.begun_with = None
        else:
            session = await self.backend.load_session(*PEER)
            message = await self.backend.encrypt_key_material(session, material)
        await self.backend.store_session(session)
        data = message.serialize()
        if session.initiation is Initiation.PASSIVE or session.confirmed:
            return ["message", to_hex(data)]
        exchange = session.key_exchange.serialize(data)
        return ["prekey", to_hex(exchange[0] if IS_OLD else exchange)]

    async def decrypt(self, kind, text):
        data = from_hex(text)
        session = await self.backend.load_session(*PEER)
        if kind == "prekey":
            # The sign of the identity stands in the sender's bundle, and neither agreement nor MAC depends on it
            exchange, data = library.KeyExchangeImpl.parse(data, *([False] if IS_OLD else []))
            if session is None or not exchange.builds_same_session(session.key_exchange):
                return await self.accept(exchange, data)
        message = library.EncryptedKeyMaterialImpl.parse(data, *PEER)
        material = await self.backend.decrypt_key_material(session, message)
        await self.backend.store_session(session)
        return ["plaintext", to_hex(material.key + material.auth_tag)]

    async def accept(self, exchange, data):
        message = library.EncryptedKeyMaterialImpl.parse(data, *PEER)
        session, material = await self.backend.build_session_passive(*PEER, exchange, message)
        await self.backend.store_session(session)
        await self.backend.delete_pre_key(session)
        return ["plaintext", to_hex(material.key + material.auth_tag)]


async def fresh_device():
    device = Device({})
    await device.backend.generate_pre_keys(PRE_KEYS)
    return device


async def main():
    device = None
    for line in sys.stdin:
        command, *words = line.split()
        try:
            if command == "load":
                device, answer = Device(*json.loads(bytes.fromhex(words[0]))), ["ok"]
            elif command == "fresh":
                device, answer = await fresh_device(), ["ok"]
            else:
                # Keys are only made for a device that is not loaded in the next moment
                device = device or await fresh_device()
                commands = [device.bundle, device.initiate, device.encrypt, device.decrypt, device.save]
                answer = await {each.__name__: each for each in commands}[command](*words)
        except Exception as refusal:
            answer = ["error", type(refusal).__name__]
        print(*answer, flush=True)


asyncio.run(main())
