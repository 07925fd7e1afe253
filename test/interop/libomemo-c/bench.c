/* Times the operations of a session between two devices of this program; state is loaded and stored each time. */
#include "party.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PLAINTEXT_SIZE 32
#define IN_CHAIN 200

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, unsigned int count) {
    qsort(values, count, sizeof(double), ascending);
    return values[count / 2];
}

static ciphertext_message *encrypt(party *from, double *spent) {
    static const uint8_t plaintext[PLAINTEXT_SIZE] = {7};
    ciphertext_message *message = 0;
    double start = now_us();
    must(party_encrypt(from, plaintext, sizeof(plaintext), &message), "encrypt");
    *spent = now_us() - start;
    return message;
}

static double decrypt(party *to, ciphertext_message *message) {
    signal_buffer *bytes = ciphertext_message_get_serialized(message), *plaintext = 0;
    int is_pre_key_message = ciphertext_message_get_type(message) == CIPHERTEXT_PREKEY_TYPE;
    double start = now_us();
    must(party_decrypt(to, is_pre_key_message, signal_buffer_data(bytes), signal_buffer_len(bytes), &plaintext),
         "decrypt");
    double spent = now_us() - start;
    signal_buffer_free(plaintext);
    SIGNAL_UNREF(message);
    return spent;
}

static double ping(party *from, party *to) {
    double spent;
    ciphertext_message *message = encrypt(from, &spent);
    return spent + decrypt(to, message);
}

void bench(unsigned int rounds, uint32_t version) {
    if(rounds > PRE_KEYS) rounds = PRE_KEYS;
    party *alice = new_party(1, version), *bob = new_party(2, version);
    double build[PRE_KEYS], first[PRE_KEYS], pong[PRE_KEYS], out[IN_CHAIN], in[IN_CHAIN], spent;
    ciphertext_message *chain[IN_CHAIN];
    for(unsigned int i = 0; i < rounds; i++) {
        bundle theirs;
        party_make_bundle(bob, i + 1, &theirs);
        party_forget_session(alice);
        party_forget_session(bob);
        double start = now_us();
        must(party_initiate(alice, &theirs), "initiate");
        double building = now_us() - start;
        ciphertext_message *message = encrypt(alice, &spent);
        build[i] = building + spent;
        first[i] = decrypt(bob, message);
        SIGNAL_UNREF(theirs.identity);
        SIGNAL_UNREF(theirs.signed_pre_key);
        SIGNAL_UNREF(theirs.pre_key);
    }
    for(unsigned int i = 0; i < rounds; i++) pong[i] = i % 2 ? ping(alice, bob) : ping(bob, alice);
    if(rounds % 2 == 1) ping(alice, bob);
    ping(bob, alice);
    ping(alice, bob);
    for(unsigned int i = 0; i < IN_CHAIN; i++) chain[i] = encrypt(alice, &out[i]);
    for(unsigned int i = 0; i < IN_CHAIN; i++) in[i] = decrypt(bob, chain[i]);
    printf("bench %.3f %.3f %.3f %.3f %.3f\n", median(build, rounds), median(first, rounds), median(pong, rounds),
           median(out, IN_CHAIN), median(in, IN_CHAIN));
}
