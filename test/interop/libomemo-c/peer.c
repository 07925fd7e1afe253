/*
 * An OMEMO device over libomemo-c, of version 0.3 or, started with the argument "2", of version 2, that is driven by
 * lines: one command a line on standard input, one answer a line on standard output, bytes in hexadecimal, "-" for none.
 *
 *   bundle PREKEY_ID                              -> bundle IDENTITY SPK_ID SPK SIGNATURE PREKEY_ID PREKEY
 *   initiate IDENTITY SPK_ID SPK SIGNATURE PREKEY_ID PREKEY   -> ok
 *   encrypt PLAINTEXT                             -> prekey BYTES | message BYTES
 *   decrypt prekey|message BYTES                  -> plaintext BYTES
 *   fresh                                         -> ok: another device, with new keys and no session
 *   save                                          -> saved BYTES: all that the device stores
 *   load BYTES                                    -> ok: the device is the stored one and knows nothing else
 *   bench ROUNDS                                  -> bench and the medians in microseconds
 *
 * What libomemo-c refuses is answered with "error CODE". PREKEY_ID 0 means no one-time prekey.
 */
#include "party.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 262144
#define REGISTRATION_ID 4711

static size_t from_hex(const char *hex, uint8_t *out) {
    size_t size = hex[0] == '-' ? 0 : strlen(hex) / 2;
    for(size_t i = 0; i < size; i++) {
        unsigned int byte = 0;
        sscanf(hex + 2 * i, "%2x", &byte);
        out[i] = (uint8_t)byte;
    }
    return size;
}

static void print_hex(const uint8_t *bytes, size_t size) {
    if(!size) printf(" -");
    else printf(" ");
    for(size_t i = 0; i < size; i++) printf("%02x", bytes[i]);
}

static void print_key(party *self, ec_public_key *key) {
    signal_buffer *buffer = 0;
    must(self->version == OMEMO_2 ? ec_public_key_serialize_omemo(&buffer, key) : ec_public_key_serialize(&buffer, key),
         "key");
    print_hex(signal_buffer_data(buffer), signal_buffer_len(buffer));
    signal_buffer_free(buffer);
}

static void print_identity(party *self, ec_public_key *key) {
    if(self->version != OMEMO_2) {
        print_key(self, key);
        return;
    }
    signal_buffer *buffer = ec_public_key_get_ed(key);
    must(buffer ? 0 : SG_ERR_NOMEM, "identity");
    print_hex(signal_buffer_data(buffer), signal_buffer_len(buffer));
    signal_buffer_free(buffer);
}

static void say(int code) {
    if(code < 0) printf("error %d\n", code);
    else printf("ok\n");
}

static void on_bundle(party *self, uint32_t pre_key_id) {
    bundle ours;
    party_make_bundle(self, pre_key_id, &ours);
    printf("bundle");
    print_identity(self, ours.identity);
    printf(" %u", ours.signed_pre_key_id);
    print_key(self, ours.signed_pre_key);
    print_hex(ours.signature, sizeof(ours.signature));
    printf(" %u", ours.pre_key_id);
    if(ours.pre_key) print_key(self, ours.pre_key);
    else printf(" -");
    printf("\n");
}

/* In OMEMO 2 a bare key of 32 bytes is an Ed25519 one to libomemo-c, and an X25519 one once its type stands before it. */
static int read_key(party *self, const char *hex, int is_identity, ec_public_key **out) {
    uint8_t bytes[64] = {0x05};
    int has_bare = self->version == OMEMO_2 && !is_identity;
    if(strlen(hex) > 2 * (sizeof(bytes) - 1)) return SG_ERR_INVALID_KEY;
    size_t size = from_hex(hex, bytes + has_bare);
    if(size) size += has_bare;
    return size ? curve_decode_point(out, bytes, size, self->context) : 0;
}

static void on_initiate(party *self, char **words) {
    bundle theirs = {0};
    theirs.signed_pre_key_id = (uint32_t)strtoul(words[2], 0, 10);
    theirs.pre_key_id = (uint32_t)strtoul(words[5], 0, 10);
    from_hex(words[4], theirs.signature);
    int code = read_key(self, words[1], 1, &theirs.identity);
    if(code >= 0) code = read_key(self, words[3], 0, &theirs.signed_pre_key);
    if(code >= 0) code = read_key(self, words[6], 0, &theirs.pre_key);
    if(code >= 0) code = party_initiate(self, &theirs);
    say(code);
}

static void on_encrypt(party *self, const char *hex) {
    static uint8_t bytes[LINE_SIZE / 2];
    ciphertext_message *message = 0;
    int code = party_encrypt(self, bytes, from_hex(hex, bytes), &message);
    if(code < 0) {
        say(code);
        return;
    }
    signal_buffer *serialised = ciphertext_message_get_serialized(message);
    printf(ciphertext_message_get_type(message) == CIPHERTEXT_PREKEY_TYPE ? "prekey" : "message");
    print_hex(signal_buffer_data(serialised), signal_buffer_len(serialised));
    printf("\n");
    SIGNAL_UNREF(message);
}

static void on_decrypt(party *self, const char *kind, const char *hex) {
    static uint8_t bytes[LINE_SIZE / 2];
    signal_buffer *plaintext = 0;
    int code = party_decrypt(self, strcmp(kind, "prekey") == 0, bytes, from_hex(hex, bytes), &plaintext);
    if(code < 0) {
        say(code);
        return;
    }
    printf("plaintext");
    print_hex(signal_buffer_data(plaintext), signal_buffer_len(plaintext));
    printf("\n");
    signal_buffer_free(plaintext);
}

static void on_save(party *self) {
    stored state = {0};
    party_save(self, &state);
    printf("saved");
    print_hex(state.bytes, state.size);
    printf("\n");
    free(state.bytes);
}

static party *on_load(party *self, uint32_t version, const char *hex) {
    static uint8_t bytes[LINE_SIZE / 2];
    party *loaded = load_party(REGISTRATION_ID, version, bytes, from_hex(hex, bytes));
    if(loaded && self) free_party(self);
    say(loaded ? 0 : SG_ERR_INVALID_PROTO_BUF);
    return loaded ? loaded : self;
}

static party *on_fresh(party *self, uint32_t version) {
    if(self) free_party(self);
    say(0);
    return new_party(REGISTRATION_ID, version);
}

static int split(char *line, char **words, int most) {
    int count = 0;
    for(char *word = strtok(line, " \n"); word && count < most; word = strtok(0, " \n")) words[count++] = word;
    return count;
}

int main(int count_of_arguments, char **arguments) {
    static char line[LINE_SIZE];
    char *words[8];
    uint32_t version = count_of_arguments > 1 && !strcmp(arguments[1], "2") ? OMEMO_2 : OMEMO_0_3;
    party *self = 0;
    setvbuf(stdout, 0, _IOLBF, 0);
    while(fgets(line, sizeof(line), stdin)) {
        int count = split(line, words, 8);
        /* Keys are only made for a device that is not loaded in the next moment */
        if(count == 2 && !strcmp(words[0], "load")) {
            self = on_load(self, version, words[1]);
            continue;
        }
        if(!self) self = new_party(REGISTRATION_ID, version);
        if(count == 2 && !strcmp(words[0], "bundle")) on_bundle(self, (uint32_t)strtoul(words[1], 0, 10));
        else if(count == 7 && !strcmp(words[0], "initiate")) on_initiate(self, words);
        else if(count == 2 && !strcmp(words[0], "encrypt")) on_encrypt(self, words[1]);
        else if(count == 3 && !strcmp(words[0], "decrypt")) on_decrypt(self, words[1], words[2]);
        else if(count == 1 && !strcmp(words[0], "fresh")) self = on_fresh(self, version);
        else if(count == 1 && !strcmp(words[0], "save")) on_save(self);
        else if(count == 2 && !strcmp(words[0], "bench")) bench((unsigned int)strtoul(words[1], 0, 10), self->version);
        else printf("error unknown-command\n");
    }
    return 0;
}
