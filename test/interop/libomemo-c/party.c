/* The stores that libomemo-c asks for, in memory, and the operations of a device on top of them. */
#include "party.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must(int code, const char *what) {
    if(code >= 0) return;
    fprintf(stderr, "%s failed: %d\n", what, code);
    exit(1);
}

static void keep(stored *place, const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    free(place->bytes);
    place->bytes = copy;
    place->size = size;
}

static void keep_buffer(stored *place, signal_buffer *buffer) {
    keep(place, signal_buffer_data(buffer), signal_buffer_len(buffer));
    signal_buffer_free(buffer);
}

static void erase(stored *place) {
    free(place->bytes);
    place->bytes = 0;
    place->size = 0;
}

/* 1 with a copy, or 0. */
static int load(const stored *place, signal_buffer **out) {
    if(!place->bytes) return 0;
    *out = signal_buffer_create(place->bytes, place->size);
    return 1;
}

/* ---- session store: one peer, one session record ---- */

static int load_session(signal_buffer **record, signal_buffer **user_record, const signal_protocol_address *address,
                        void *user) {
    (void)user_record, (void)address;
    return load(&((party *)user)->session, record);
}

static int store_session(const signal_protocol_address *address, uint8_t *record, size_t size, uint8_t *user_record,
                         size_t user_size, void *user) {
    (void)address, (void)user_record, (void)user_size;
    keep(&((party *)user)->session, record, size);
    return 0;
}

static int contains_session(const signal_protocol_address *address, void *user) {
    (void)address;
    return ((party *)user)->session.bytes != 0;
}

/* ---- prekey stores ---- */

static stored *pre_key(void *user, uint32_t id) {
    return id >= 1 && id <= PRE_KEYS ? &((party *)user)->pre_keys[id] : 0;
}

static int load_pre_key(signal_buffer **record, uint32_t id, void *user) {
    stored *place = pre_key(user, id);
    return place && load(place, record) ? SG_SUCCESS : SG_ERR_INVALID_KEY_ID;
}

static int contains_pre_key(uint32_t id, void *user) {
    stored *place = pre_key(user, id);
    return place && place->bytes;
}

static int remove_pre_key(uint32_t id, void *user) {
    stored *place = pre_key(user, id);
    if(place) erase(place);
    return 0;
}

static int load_signed_pre_key(signal_buffer **record, uint32_t id, void *user) {
    party *self = user;
    return id == SIGNED_PRE_KEY_ID && load(&self->signed_pre_key, record) ? SG_SUCCESS : SG_ERR_INVALID_KEY_ID;
}

/* ---- identity store: trusts everybody ---- */

static int get_identity(signal_buffer **public_data, signal_buffer **private_data, void *user) {
    party *self = user;
    load(&self->identity_public, public_data);
    load(&self->identity_private, private_data);
    return 0;
}

static int get_registration_id(void *user, uint32_t *registration_id) {
    *registration_id = ((party *)user)->registration_id;
    return 0;
}

static int save_identity(const signal_protocol_address *address, uint8_t *key, size_t size, void *user) {
    (void)address, (void)key, (void)size, (void)user;
    return 0;
}

static int is_trusted(const signal_protocol_address *address, uint8_t *key, size_t size, void *user) {
    (void)address, (void)key, (void)size, (void)user;
    return 1;
}

static void open_stores(party *self) {
    signal_protocol_session_store sessions = {.load_session_func = load_session,
                                              .store_session_func = store_session,
                                              .contains_session_func = contains_session,
                                              .user_data = self};
    signal_protocol_pre_key_store pre_keys = {.load_pre_key = load_pre_key,
                                              .contains_pre_key = contains_pre_key,
                                              .remove_pre_key = remove_pre_key,
                                              .user_data = self};
    signal_protocol_signed_pre_key_store signed_pre_keys = {.load_signed_pre_key = load_signed_pre_key,
                                                            .user_data = self};
    signal_protocol_identity_key_store identities = {.get_identity_key_pair = get_identity,
                                                     .get_local_registration_id = get_registration_id,
                                                     .save_identity = save_identity,
                                                     .is_trusted_identity = is_trusted,
                                                     .user_data = self};
    must(signal_protocol_store_context_create(&self->store, self->context), "store");
    must(signal_protocol_store_context_set_session_store(self->store, &sessions), "session store");
    must(signal_protocol_store_context_set_pre_key_store(self->store, &pre_keys), "prekey store");
    must(signal_protocol_store_context_set_signed_pre_key_store(self->store, &signed_pre_keys), "signed prekey store");
    must(signal_protocol_store_context_set_identity_key_store(self->store, &identities), "identity store");
}

static void make_keys(party *self) {
    ratchet_identity_key_pair *identity = 0;
    signal_buffer *buffer = 0;
    must(signal_protocol_key_helper_generate_identity_key_pair(&identity, self->context), "identity");
    must(ec_public_key_serialize(&buffer, ratchet_identity_key_pair_get_public(identity)), "identity");
    keep_buffer(&self->identity_public, buffer);
    must(ec_private_key_serialize(&buffer, ratchet_identity_key_pair_get_private(identity)), "identity");
    keep_buffer(&self->identity_private, buffer);

    session_signed_pre_key *signed_pre_key = 0;
    must(signal_protocol_key_helper_generate_signed_pre_key(&signed_pre_key, identity, SIGNED_PRE_KEY_ID, 0,
                                                            self->context),
         "signed prekey");
    must(session_signed_pre_key_serialize(&buffer, signed_pre_key), "signed prekey");
    keep_buffer(&self->signed_pre_key, buffer);
    SIGNAL_UNREF(signed_pre_key);
    SIGNAL_UNREF(identity);

    signal_protocol_key_helper_pre_key_list_node *list = 0, *node;
    must(signal_protocol_key_helper_generate_pre_keys(&list, 1, PRE_KEYS, self->context), "prekeys");
    for(node = list; node; node = signal_protocol_key_helper_key_list_next(node)) {
        session_pre_key *element = signal_protocol_key_helper_key_list_element(node);
        must(session_pre_key_serialize(&buffer, element), "prekey");
        keep_buffer(&self->pre_keys[session_pre_key_get_id(element)], buffer);
    }
    signal_protocol_key_helper_key_list_free(list);
}

static party *bare_party(uint32_t registration_id, uint32_t version) {
    party *self = calloc(1, sizeof(party));
    self->context = new_context();
    self->registration_id = registration_id;
    self->version = version;
    self->remote = (signal_protocol_address){"peer", 4, 1};
    open_stores(self);
    return self;
}

party *new_party(uint32_t registration_id, uint32_t version) {
    party *self = bare_party(registration_id, version);
    make_keys(self);
    return self;
}

/* ---- what outlives the program ---- */

#define PLACES (4 + PRE_KEYS)

static stored *place_of(party *self, unsigned int number) {
    stored *fixed[] = {&self->session, &self->signed_pre_key, &self->identity_public, &self->identity_private};
    return number < 4 ? fixed[number] : &self->pre_keys[number - 3];
}

/* Each place is its size in four bytes, in the order of this machine, and its content. */
void party_save(const party *self, stored *out) {
    size_t total = 0;
    for(unsigned int i = 0; i < PLACES; i++) total += sizeof(uint32_t) + place_of((party *)self, i)->size;
    uint8_t *at = out->bytes = malloc(total);
    out->size = total;
    for(unsigned int i = 0; i < PLACES; i++) {
        const stored *place = place_of((party *)self, i);
        uint32_t size = (uint32_t)place->size;
        memcpy(at, &size, sizeof(size));
        if(size) memcpy(at + sizeof(size), place->bytes, size);
        at += sizeof(size) + size;
    }
}

party *load_party(uint32_t registration_id, uint32_t version, const uint8_t *bytes, size_t size) {
    party *self = bare_party(registration_id, version);
    for(unsigned int i = 0; i < PLACES; i++) {
        uint32_t length = 0;
        if(size >= sizeof(length)) memcpy(&length, bytes, sizeof(length));
        if(size < sizeof(length) || size - sizeof(length) < length) {
            free_party(self);
            return 0;
        }
        if(length) keep(place_of(self, i), bytes + sizeof(length), length);
        bytes += sizeof(length) + length;
        size -= sizeof(length) + length;
    }
    return self;
}

void free_party(party *self) {
    for(unsigned int i = 0; i < PLACES; i++) erase(place_of(self, i));
    signal_protocol_store_context_destroy(self->store);
    signal_context_destroy(self->context);
    free(self);
}

void party_make_bundle(party *self, uint32_t pre_key_id, bundle *out) {
    session_signed_pre_key *signed_pre_key = 0;
    must(curve_decode_point(&out->identity, self->identity_public.bytes, self->identity_public.size, self->context),
         "identity");
    must(session_signed_pre_key_deserialize(&signed_pre_key, self->signed_pre_key.bytes, self->signed_pre_key.size,
                                            self->context),
         "signed prekey");
    out->signed_pre_key_id = SIGNED_PRE_KEY_ID;
    out->signed_pre_key = ec_key_pair_get_public(session_signed_pre_key_get_key_pair(signed_pre_key));
    SIGNAL_REF(out->signed_pre_key);
    memcpy(out->signature,
           self->version == OMEMO_2 ? session_signed_pre_key_get_signature_omemo(signed_pre_key)
                                    : session_signed_pre_key_get_signature(signed_pre_key),
           sizeof(out->signature));
    SIGNAL_UNREF(signed_pre_key);
    out->pre_key = 0;
    out->pre_key_id = pre_key_id;
    if(!pre_key_id) return;

    session_pre_key *one_time = 0;
    stored *place = pre_key(self, pre_key_id);
    must(session_pre_key_deserialize(&one_time, place->bytes, place->size, self->context), "prekey");
    out->pre_key = ec_key_pair_get_public(session_pre_key_get_key_pair(one_time));
    SIGNAL_REF(out->pre_key);
    SIGNAL_UNREF(one_time);
}

void party_forget_session(party *self) {
    erase(&self->session);
}

int party_initiate(party *self, const bundle *theirs) {
    session_pre_key_bundle *object = 0;
    session_builder *builder = 0;
    must(session_pre_key_bundle_create(&object, 1, 1, theirs->pre_key_id, theirs->pre_key, theirs->signed_pre_key_id,
                                       theirs->signed_pre_key, theirs->signature, sizeof(theirs->signature),
                                       theirs->identity),
         "bundle");
    must(session_builder_create(&builder, self->store, &self->remote, self->context), "builder");
    session_builder_set_version(builder, self->version);
    int result = session_builder_process_pre_key_bundle(builder, object);
    session_builder_free(builder);
    SIGNAL_UNREF(object);
    return result;
}

static session_cipher *open_cipher(party *self) {
    session_cipher *cipher = 0;
    must(session_cipher_create(&cipher, self->store, &self->remote, self->context), "cipher");
    session_cipher_set_version(cipher, self->version);
    return cipher;
}

int party_encrypt(party *self, const uint8_t *plaintext, size_t size, ciphertext_message **out) {
    session_cipher *cipher = open_cipher(self);
    int result = session_cipher_encrypt(cipher, plaintext, size, out);
    session_cipher_free(cipher);
    return result;
}

int party_decrypt(party *self, int is_pre_key_message, const uint8_t *bytes, size_t size, signal_buffer **out) {
    session_cipher *cipher = open_cipher(self);
    int result;
    if(is_pre_key_message) {
        pre_key_signal_message *message = 0;
        /* The second takes the sender's device id, which stands in the stanza; a session keeps it and no more. */
        result = self->version == OMEMO_2
                     ? pre_key_signal_message_deserialize_omemo(&message, bytes, size, 1, self->context)
                     : pre_key_signal_message_deserialize(&message, bytes, size, self->context);
        if(result >= 0) result = session_cipher_decrypt_pre_key_signal_message(cipher, message, 0, out);
        SIGNAL_UNREF(message);
    } else {
        signal_message *message = 0;
        result = self->version == OMEMO_2 ? signal_message_deserialize_omemo(&message, bytes, size, self->context)
                                          : signal_message_deserialize(&message, bytes, size, self->context);
        if(result >= 0) result = session_cipher_decrypt_signal_message(cipher, message, 0, out);
        SIGNAL_UNREF(message);
    }
    session_cipher_free(cipher);
    return result;
}
