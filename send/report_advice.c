/* report_advice - what may be done about a failure, by its status (RFC 3463, RFC 5248): the first line of the table that
   fits. */
#include "send/report_parts.h"

#define ANY 1000u /* any detail of the subject */

static struct {
  unsigned int subject, detail;
  char const *advice;
} const table[] = {
    {1, 1, "see whether the address is written right; nobody has it there.\n"},
    {1, 2, "see whether the part after the @ is written right; there is no such domain.\n"},
    {1, 7, "see whether your own address is set right in your mail program.\n"},
    {1, 8, "see whether your own address is set right in your mail program.\n"},
    {1, 10, "write to another address; this domain takes no mail at all.\n"},
    {1, ANY, "see whether the address is written right.\n"},
    {2, 1, "reach the recipient in another way; this mailbox takes no mail.\n"},
    {2, 2, "send it again later; the recipient's mailbox is full.\n"},
    {2, 3, "send it in smaller parts; it is larger than this mailbox takes.\n"},
    {2, ANY, "reach the recipient in another way, and let him know of this.\n"},
    {3, 4, "send it in smaller parts; it is larger than that system takes.\n"},
    {3, ANY, "send it again later; the fault is with the recipient's system.\n"},
    {4, 6, "let the recipient know: his mail is sent round in a circle.\n"},
    {4, 7, "send it again later, or reach the recipient in another way.\n"},
    {4, ANY, "send it again later; the recipient's system could not be reached.\n"},
    {5, 3, "send it to fewer recipients at once.\n"},
    {5, ANY, "show this to your postmaster; the two systems do not understand each other.\n"},
    {6, 7, "write to an address without special letters, if the recipient has one.\n"},
    {6, ANY, "send it in another form; the recipient's system does not take this content.\n"},
    {7, ANY, "ask the recipient, or the postmaster there, why it is not accepted.\n"},
};

char const *report_advice(result const *why)
{
  for (unsigned int i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].subject == why->status / 1000 &&
        (table[i].detail == ANY || table[i].detail == why->status % 1000))
      return table[i].advice;
  return "ask the recipient in another way, or the postmaster there.\n";
}
