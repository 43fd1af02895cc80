/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * tun_pump.c - the loop of pdp-tun: TUN device <-> UDP socket, in batches.
 *
 * One thread, poll() over three descriptors. Out: up to BATCH packets are read from the
 * device, one a read() because TUN knows no more, and sent by one sendmmsg(). While some of them
 * wait for room in the socket nothing more is read, so that it is the device's queue that fills and
 * drops. In: one recvmmsg(), then one write() a packet.
 */
#include "ctl/tun_pump.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ctl/tun_ecn.h"

#define BATCH 64
#define PACKET_MAX 65535
#define CONTROL_SIZE CMSG_SPACE(sizeof(int))

/* Packets on their way in one direction, each with its outer TOS or Traffic Class as control data. */
struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	uint8_t control[BATCH][CONTROL_SIZE] __attribute__((aligned(8)));
	uint8_t (*packet)[PACKET_MAX];
};

struct pdp_tun_pump {
	int tun_fd, udp_fd, signal_fd;
	int family; /* of the underlay */
	bool tun_gone;
	struct pdp_tun_stats stats;
	struct batch in, out;
	unsigned int sent, n_out; /* out.msg[sent..n_out) wait to be sent */
	bool retried; /* out.msg[sent] met an error that was another packet's */
};

/* Memory is touched only as far as packets reach. */
static int init_batch(struct batch *batch)
{
	batch->packet = calloc(BATCH, PACKET_MAX);
	if (!batch->packet)
		return -ENOMEM;
	for (int i = 0; i < BATCH; i++) {
		batch->iov[i].iov_base = batch->packet[i];
		batch->iov[i].iov_len = PACKET_MAX;
		batch->msg[i].msg_hdr.msg_iov = &batch->iov[i];
		batch->msg[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

int pdp_tun_pump_new(struct pdp_tun_pump **out, int tun_fd, int udp_fd, int signal_fd, int family,
		     struct pdp_error *err)
{
	struct pdp_tun_pump *pump = calloc(1, sizeof(*pump));

	if (!pump || init_batch(&pump->in) || init_batch(&pump->out)) {
		pdp_tun_pump_free(pump);
		return pdp_fail(err, -ENOMEM, "no memory for packet buffers");
	}
	pump->tun_fd = tun_fd;
	pump->udp_fd = udp_fd;
	pump->signal_fd = signal_fd;
	pump->family = family;
	*out = pump;
	return 0;
}

void pdp_tun_pump_free(struct pdp_tun_pump *pump)
{
	if (!pump)
		return;
	free(pump->in.packet);
	free(pump->out.packet);
	free(pump);
}

const struct pdp_tun_stats *pdp_tun_pump_stats(const struct pdp_tun_pump *pump)
{
	return &pump->stats;
}

/* --- out: device to socket -------------------------------------------------------------------- */

/* Most traffic is of class 0, which needs no control data. */
static void set_traffic_class(struct pdp_tun_pump *pump, unsigned int i, int class)
{
	struct msghdr *hdr = &pump->out.msg[i].msg_hdr;
	struct cmsghdr *cmsg;

	hdr->msg_control = class ? pump->out.control[i] : NULL;
	hdr->msg_controllen = class ? CONTROL_SIZE : 0;
	if (!class)
		return;
	cmsg = CMSG_FIRSTHDR(hdr);
	cmsg->cmsg_level = pump->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	cmsg->cmsg_type = pump->family == AF_INET ? IP_TOS : IPV6_TCLASS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &class, sizeof(int));
}

static void read_device(struct pdp_tun_pump *pump)
{
	unsigned int n = 0;
	ssize_t len;

	while (n < BATCH) {
		len = read(pump->tun_fd, pump->out.packet[n], PACKET_MAX);
		if (len < 0) {
			/* EBADFD: the device was deleted. */
			pump->tun_gone = errno == EBADFD || errno == ENODEV;
			break;
		}
		if (!pdp_tun_is_ip(pump->out.packet[n], len)) {
			pump->stats.out_drop_not_ip++;
			continue;
		}
		pump->out.iov[n].iov_len = len;
		set_traffic_class(pump, n, pdp_tun_traffic_class(pump->out.packet[n]));
		n++;
	}
	pump->sent = 0;
	pump->n_out = n;
}

static void count_sent(struct pdp_tun_pump *pump, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pump->stats.out_bytes += pump->out.iov[pump->sent++].iov_len;
	pump->stats.out_packets += n;
	pump->retried = false;
}

static void drop_first(struct pdp_tun_pump *pump, uint64_t *counter)
{
	*counter += 1;
	pump->sent++;
	pump->retried = false;
}

/* The first waiting packet was refused. False when all have to wait for room. */
static bool handle_send_error(struct pdp_tun_pump *pump, int error)
{
	struct pdp_tun_stats *stats = &pump->stats;

	switch (error) {
	case EINTR:
		return true;
	case EAGAIN:
		stats->send_blocked++;
		return false;
	case EMSGSIZE:
		drop_first(pump, &stats->out_drop_too_big);
		return true;
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EPROTO:
		/* An ICMP error to an earlier packet is told at the next call: that one may go yet. */
		if (pump->retried) {
			drop_first(pump, &stats->out_drop_unreachable);
		} else {
			pump->retried = true;
			stats->underlay_errors++;
		}
		return true;
	default:
		drop_first(pump, &stats->out_drop_failed);
		return true;
	}
}

static void send_waiting(struct pdp_tun_pump *pump)
{
	while (pump->sent < pump->n_out) {
		int n = sendmmsg(pump->udp_fd, pump->out.msg + pump->sent, pump->n_out - pump->sent,
				 MSG_DONTWAIT);

		if (n > 0)
			count_sent(pump, n);
		else if (!handle_send_error(pump, errno))
			return;
	}
}

/* --- in: socket to device --------------------------------------------------------------------- */

/* TOS comes as one byte, Traffic Class as an int. */
static uint8_t received_traffic_class(struct msghdr *hdr)
{
	struct cmsghdr *cmsg;
	int class = 0;

	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_TOS)
			return *CMSG_DATA(cmsg);
		if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_TCLASS)
			memcpy(&class, CMSG_DATA(cmsg), sizeof(class));
	}
	return class;
}

static void write_device(struct pdp_tun_pump *pump, struct mmsghdr *msg, uint8_t *packet)
{
	struct pdp_tun_stats *stats = &pump->stats;

	if (!pdp_tun_is_ip(packet, msg->msg_len)) {
		stats->in_drop_not_ip++;
	} else if (!pdp_tun_decapsulate_ecn(packet, received_traffic_class(&msg->msg_hdr))) {
		stats->in_drop_congested++;
	} else if (write(pump->tun_fd, packet, msg->msg_len) < 0) {
		pump->tun_gone = errno == EBADFD || errno == ENODEV;
		stats->in_drop_device++;
	} else {
		stats->in_packets++;
		stats->in_bytes += msg->msg_len;
	}
}

static void receive(struct pdp_tun_pump *pump)
{
	int n;

	for (int i = 0; i < BATCH; i++) {
		pump->in.msg[i].msg_hdr.msg_control = pump->in.control[i];
		pump->in.msg[i].msg_hdr.msg_controllen = CONTROL_SIZE;
	}
	n = recvmmsg(pump->udp_fd, pump->in.msg, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		pump->stats.underlay_errors++;
	for (int i = 0; i < n; i++)
		write_device(pump, &pump->in.msg[i], pump->in.packet[i]);
}

/* --- loop ------------------------------------------------------------------------------------- */

int pdp_tun_pump_run(struct pdp_tun_pump *pump, struct pdp_error *err)
{
	struct pollfd fds[3] = {
		{.fd = pump->signal_fd, .events = POLLIN},
		{.fd = pump->tun_fd},
		{.fd = pump->udp_fd},
	};

	while (!pump->tun_gone) {
		bool waiting = pump->sent < pump->n_out;

		fds[1].events = waiting ? 0 : POLLIN;
		fds[2].events = waiting ? POLLIN | POLLOUT : POLLIN;
		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return pdp_fail(err, -errno, "poll: %s", strerror(errno));
		}
		if (fds[0].revents)
			return 0;
		if (fds[2].revents & (POLLIN | POLLERR))
			receive(pump);
		if (fds[1].revents && !waiting)
			read_device(pump);
		send_waiting(pump);
	}
	return pdp_fail(err, -ENODEV, "the TUN device was deleted");
}
