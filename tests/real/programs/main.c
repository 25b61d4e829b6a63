/* A program that is linked to glibc: locale, users, services, character sets, a thread. */
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *work(void *said) { return strcpy(said, "thread"), said; }

int main(void) {
    char said[16] = "";
    pthread_t thread;
    if (!setlocale(LC_ALL, "") || strcmp(nl_langinfo(CODESET), "UTF-8")) return 2;
    struct passwd *me = getpwuid(getuid());
    struct servent *https = getservbyname("https", "tcp");
    if (!me || !https) return 3;
    if (iconv_open("UTF-16LE", "ISO-8859-15") == (iconv_t)-1) return 4;
    if (pthread_create(&thread, NULL, work, said) || pthread_join(thread, NULL)) return 5;
    printf("c ok %s %d %s\n", me->pw_name, (https->s_port >> 8) | (https->s_port & 255) << 8, said);
    return 0;
}
