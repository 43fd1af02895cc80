/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* test_nodefile - a good node file, and every way to spoil it with the message that must come. */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "ctl/nodefile.h"
#include "ctl/prefix.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const char good[] =
/*  1 */ "version: 1\n"
/*  2 */ "node: n1\n"
/*  3 */ "ports:\n"
/*  4 */ "  - {name: A, ifname: eth0}\n"
/*  5 */ "  - {name: B, ifname: eth1, vlan: 100}\n"
/*  6 */ "fes:\n"
/*  7 */ "  - {name: fe1, cpus: \"0\", capacity: 1000m}\n"
/*  8 */ "  - {name: fe2, cpus: 1-2, capacity: 1000m}\n"
/*  9 */ "vnets:\n"
/* 10 */ "  - name: red\n"
/* 11 */ "    power: 1500m\n"
/* 12 */ "    policy: weighted\n"
/* 13 */ "    flow-key: 5tuple\n"
/* 14 */ "    data-plane: {kind: router}\n"
/* 15 */ "    control-plane: {kind: frr, config: /etc/pdp/red, memory: 512M, power: 0.3, max-routes: 5000, rate: {pps: 100, burst: 7}}\n"
/* 16 */ "    rate: {pps: 1000, burst: 10}\n"
/* 17 */ "    memory: 64M\n"
/* 18 */ "    vifs:\n"
/* 19 */ "      - {name: v0, port: A, encap: udp, local: \"192.0.2.1:5001\", remote: \"192.0.2.2:5002\", address: [10.0.0.1/24, \"fd00::1/64\"], impair: {delay-ms: 20, loss: 0.01, down: true}}\n"
/* 20 */ "      - name: v1\n"
/* 21 */ "        port: B\n"
/* 22 */ "        encap: vxlan\n"
/* 23 */ "        vni: 42\n"
/* 24 */ "        local: 198.51.100.1\n"
/* 25 */ "        remote: 198.51.100.9\n"
/* 26 */ "        mtu: 1400\n"
/* 27 */ "        mac: \"02:00:00:00:00:01\"\n"
/* 28 */ "        address: [10.0.1.1/24]\n"
/* 29 */ "    routes:\n"
/* 30 */ "      - {to: 203.0.113.0/24, via: 10.0.1.2, vif: v1}\n"
/* 31 */ "      - {to: 10.99.0.0/16, blackhole: true}\n"
/* 32 */ "      - {to: \"::/0\", vif: v0}\n"
/* 33 */ "    neighbours:\n"
/* 34 */ "      - {address: 10.0.1.2, mac: \"02:00:00:00:00:02\", vif: v1}\n"
/* 35 */ "  - name: green\n"
/* 36 */ "    power: \"0.5\"\n"
/* 37 */ "    vifs:\n"
/* 38 */ "      - {name: v0, port: A, encap: vxlan, vni: 43, local: 198.51.100.1, remote: 198.51.100.8}\n";

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What stands in the good file, what takes its place, and the message (see check_message). */
static const struct {
	const char *from, *to, *want;
} spoilt[] = {
	/* keys */
	{"policy:", "polcy:", "f:12: vnet red: unknown key 'polcy' (did you mean 'policy'?)"},
	{"flow-key:", "flow_key:", "f:13: vnet red: unknown key 'flow_key' (did you mean 'flow-key'?)"},
	{"vni: 42", "vnid: 42", "f:23: vif red/v1: unknown key 'vnid' (did you mean 'vni'?)"},
	{"node: n1", "nodes: n1", "f:2: unknown key 'nodes' (did you mean 'node'?)"},
	{"node: n1", "node: n1\nmetrics: {}", "f:3: unknown key 'metrics' (there are version, node, ports, fes, vnets)"},
	{"ifname: eth0", "dev: eth0", "f:4: port A: unknown key 'dev' (there are name, ifname, vlan)"},
	{" rate: {pps: 1000", " rate: {ppm: 1000", "f:16: vnet red: rate: unknown key 'ppm' (did you mean 'pps'?)"},
	{"config: /etc/pdp/red", "conf: /etc/pdp/red", "f:15: vnet red: control-plane: unknown key 'conf' (did you mean 'config'?)"},
	{"{delay-ms:", "{delay:", "f:19: vif red/v0: impair: unknown key 'delay' (did you mean 'delay-ms'?)"},
	{"blackhole: true", "blckhole: true", "f:31: vnet red, route 2: unknown key 'blckhole' (did you mean 'blackhole'?)"},
	{"node: n1", "node: n1\nnode: n2", "f:3: 'node' is given twice (line 2)"},
	{"memory: 64M", "power: 2", "f:17: vnet red: 'power' is given twice (line 11)"},
	{"node: n1", "node: n1\n? [a]\n: b", "f:1: a key must be a word"},
	{"version: 1\n", "", "f:1: 'version' is missing"},
	{"node: n1\n", "", "f:1: 'node' is missing"},
	{"    power: 1500m\n", "", "f:10: vnet red: 'power' is missing"},
	{", ifname: eth0", "", "f:4: port A: 'ifname' is missing"},
	{"        remote: 198.51.100.9\n", "", "f:20: vif red/v1: 'remote' is missing"},
	{"{kind: router}", "{}", "f:14: vnet red: data-plane: 'kind' is missing"},
	{"  - name: red", "  - data-plane: {kind: router}", "f:14: vnet 1: 'data-plane' is given twice (line 10)"},
	/* kinds of values */
	{"power: 1500m", "power: [1500m]", "f:11: vnet red: power: one value is wanted here, not a list or keys"},
	{"power: 1500m", "power:", "f:11: vnet red: power: no value is given"},
	{"power: 1500m", "power: \"\"", "f:11: vnet red: power: no value is given"},
	{"power: 1500m", "power: \"1\\0\"", "f:11: vnet red: power: the value holds a NUL byte"},
	{"{kind: router}", "router", "f:14: vnet red: data-plane: keys and values are wanted here, as in {name: v0}"},
	{"[10.0.1.1/24]", "10.0.1.1/24", "f:28: vif red/v1: address: a list is wanted here, as in [a, b]"},
	{"  - {name: A, ifname: eth0}", "  - eth0", "f:4: keys and values are wanted here, as in {name: v0}"},
	{"vni: 42", "vni: forty", "f:23: vif red/v1: vni: 'forty' is not a whole number"},
	{"vni: 42", "vni: 0x2a", "f:23: vif red/v1: vni: '0x2a' is not a whole number"},
	{"vni: 42", "vni: 042", "f:23: vif red/v1: vni: '042' is not a whole number"},
	{"vni: 42", "vni: -1", "f:23: vif red/v1: vni: '-1' is not a whole number"},
	{"vni: 42", "vni: 4294967338", "f:23: vif red/v1: vni: 4294967338 is too large, at most 4294967295"},
	{"pps: 1000,", "pps: 18446744073709551616,", "f:16: vnet red: rate pps: 18446744073709551616 is too large, at most 18446744073709551615"},
	{"blackhole: true", "blackhole: yes", "f:31: vnet red, route 2: blackhole: 'yes' is neither true nor false"},
	{"flow-key: 5tuple", "flow-key: [{layer: payload, offset: 4, mask: ffffffff}]", "f:13: vnet red: flow-key: one value is wanted here, not a list or keys"},
	/* what does not exist, or not yet */
	{"version: 1", "version: 2", "f:1: version '2' is not known; this is PdP " PDP_VERSION ", which reads version 1"},
	{"policy: weighted", "policy: random", "f:12: vnet red: unknown policy 'random' (there are round-robin, weighted, flow-hash, flowlet, spray)"},
	{"policy: weighted", "policy: wieghted", "f:12: vnet red: unknown policy 'wieghted' (did you mean 'weighted'?)"},
	{"flow-key: 5tuple", "flow-key: l4", "f:13: vnet red: unknown flow-key 'l4' (did you mean 'l3'?)"},
	{"flow-key: 5tuple", "flow-key: bytes", "f:13: vnet red: flow-key bytes needs flow-bytes that say which, as in [network:12:ffffffff]"},
	{"flow-key: 5tuple", "flow-bytes: [network:12:ff]", "f:13: vnet red: flow-bytes are of flow-key bytes; this one is 5tuple"},
	{"flow-key: 5tuple", "flow-key: bytes\n    flow-bytes: [network:12:ff, link:0:ff]", "f:14: vnet red: flow-bytes 'link:0:ff' is no LAYER:OFFSET:MASK, as in network:12:ffffffff; layers are inner, network and transport, an offset with its mask ends by 255, and a mask is bytes in hexadecimal, not all of them 0"},
	{"flow-key: 5tuple", "flow-key: bytes\n    flow-bytes: [network:255:ffff]", "f:14: vnet red: flow-bytes 'network:255:ffff' is no LAYER:OFFSET:MASK*"},
	{"flow-key: 5tuple", "flow-key: bytes\n    flow-bytes: [network:0:00]", "f:14: vnet red: flow-bytes 'network:0:00' is no LAYER:OFFSET:MASK*"},
	{"flow-key: 5tuple", "flow-key: bytes\n    flow-bytes: [\"network:0:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\", inner:0:ff]", "f:14: vnet red: flow-bytes are more than 32 bytes in all"},
	{"flow-key: 5tuple", "flowlet-gap-us: 0", "f:13: vnet red: flowlet-gap-us 0 is out of range: 1 to 1000000"},
	{"flow-key: 5tuple", "flowlet-gap-us: 1000001", "f:13: vnet red: flowlet-gap-us 1000001 is out of range: 1 to 1000000"},
	{"kind: router", "kind: switch", "f:14: vnet red: unknown data-plane kind 'switch' (there are router, xdp)"},
	{"kind: router", "kind: xdp", "f:14: vnet red: data-plane kind xdp needs your BPF object and which of its programs; write object: FILE, program: NAME"},
	{"kind: router", "kind: xdp, object: /x.o", "f:14: vnet red: data-plane kind xdp needs your BPF object*"},
	{"kind: router", "kind: xdp, program: label", "f:14: vnet red: data-plane kind xdp needs your BPF object*"},
	{"kind: router", "kind: router, object: /x.o", "f:14: vnet red: data-plane kind router is PdP's own; leave object, program and agent out, or make the kind xdp"},
	{"kind: router", "kind: router, program: label", "f:14: vnet red: data-plane kind router is PdP's own*"},
	{"kind: router", "kind: router, agent: /a", "f:14: vnet red: data-plane kind router is PdP's own*"},
	{"kind: router", "kind: xdp, object: /x.o, program: label, agent: a", "f:14: vnet red: data-plane agent 'a' must begin with /: pdpd reads it, from wherever it runs"},
	{"kind: router", "kind: xdp, object: x.o, program: label", "f:14: vnet red: data-plane object 'x.o' must begin with /: pdpd reads it, from wherever it runs"},
	{"kind: router", "kind: xdp, object: /x.o, program: my-label", "f:14: vnet red: data-plane program 'my-label' is no name of a function in C"},
	{"kind: router", "kind: xdp, object: /x.o, program: " LONG, "f:14: vnet red: data-plane program 'aaaaaaaaaaaaaaaaaaaa...' is too long: 64 characters, at most 63"},
	{"flow-key: 5tuple", "fast-half: true", "f:13: vnet red: unknown fast-half 'true' (there are on, off, auto)"},
	{"flow-key: 5tuple", "rebalance: auto", "f:13: vnet red: unknown rebalance 'auto' (there are on, off)"},
	{"flow-key: 5tuple", "flowlet-gap-us: atuo", "f:13: vnet red: flowlet-gap-us 'atuo' is neither a number of microseconds nor auto"},
	{"flow-key: 5tuple", "flowlet-gap-us: 5ms", "f:13: vnet red: flowlet-gap-us '5ms' is neither*"},
	{"flow-key: 5tuple", "flowlet-gap-us: 99999999999999999999999", "f:13: vnet red: flowlet-gap-us 99999999999999999999999 is out of range: 1 to 1000000"},
	{"kind: frr", "kind: quagga", "f:15: vnet red: unknown control-plane kind 'quagga' (there are none, static, frr, bird, command)"},
	{"kind: frr", "kind: brid", "f:15: vnet red: unknown control-plane kind 'brid' (did you mean 'bird'?)"},
	{"encap: udp", "encap: gre", "f:19: vif red/v0: unknown encap 'gre' (there are udp, vxlan)"},
	/* names */
	{"node: n1", "node: ../n1", "f:2: node '../n1' must be made of a-z, 0-9 and -, and not begin with -"},
	{"- name: red", "- name: Red", "f:10: vnet Red: name 'Red' must be made of a-z, 0-9 and -, and not begin with -"},
	{"- name: red", "- name: r\xc3\xb6t", "f:10: vnet r\xc3\xb6t: name 'r\xc3\xb6t' must be made of a-z, 0-9 and -, and not begin with -"},
	{"- name: red", "- name: -red", "f:10: vnet -red: name '-red' must be made of a-z, 0-9 and -, and not begin with -"},
	{"- name: red", "- name: \"a\\e[31m\"", "f:10: vnet a?[31m: name 'a?[31m' must be made of a-z, 0-9 and -, and not begin with -"},
	{"- name: red", "- name: a123456789012345678901234567890x", "f:10: vnet a12345678901234567890123456789: name 'a1234567890123456789...' is too long: 32 characters, at most 31"},
	{"{name: A,", "{name: A/B,", "f:4: port A/B: name 'A/B' must be made of A-Z, a-z, 0-9 and -, and not begin with -"},
	{"ifname: eth0", "ifname: sixteen-letters-", "f:4: port A: ifname 'sixteen-letters-' is too long: 16 characters, at most 15"},
	{"ifname: eth0", "ifname: a/b", "f:4: port A: ifname 'a/b' is not a device's name"},
	{"ifname: eth0", "ifname: ..", "f:4: port A: ifname '..' is not a device's name"},
	{"ifname: eth0", "ifname: \"eth0 \"", "f:4: port A: ifname 'eth0 ' is not a device's name"},
	{"vlan: 100", "vlan: 0", "f:5: port B: vlan 0 is out of range: 1 to 4094"},
	{"vlan: 100", "vlan: 4095", "f:5: port B: vlan 4095 is out of range: 1 to 4094"},
	{"vlan: 100", "vlan: 100.5000", "f:5: port B: vlan 100.5000 is out of range: 1 to 4094"},
	{"vlan: 100", "vlan: 100.200.300", "f:5: port B: vlan '100.200.300' is no VLAN; write 100, or 100.200 for two tags"},
	{"vlan: 100", "vlan: -5", "f:5: port B: vlan '-5' is no VLAN; write 100, or 100.200 for two tags"},
	/* twins and references */
	{"name: B,", "name: A,", "f:5: port A: there is already a port of this name (line 4)"},
	{"ifname: eth1", "ifname: eth0", "f:5: port B: ifname eth0 is already port A's (line 4)"},
	{"name: fe2", "name: fe1", "f:8: fe fe1: there is already an FE of this name (line 7)"},
	{"name: green", "name: red", "f:35: vnet red: there is already a vnet of this name (line 10)"},
	{"name: v1", "name: v0", "f:20: vif red/v0: there is already a vif of this name (line 19)"},
	{"port: B", "port: C", "f:21: vif red/v1: there is no port 'C'"},
	{"blackhole: true", "vif: v2", "f:31: vnet red, route 2: the vnet has no vif 'v2'"},
	{"10.99.0.0/16", "203.0.113.0/24", "f:31: vnet red, route 2: there is already a route to 203.0.113.0/24 (line 30)"},
	{"\"02:00:00:00:00:02\", vif: v1", "\"02:00:00:00:00:02\", vif: v7", "f:34: vnet red, neighbour 1: the vnet has no vif 'v7'"},
	{"\"02:00:00:00:00:02\", vif: v1", "\"02:00:00:00:00:02\", vif: v0", "f:34: vnet red, neighbour 1: vif v0 is a udp tunnel, which has no MAC addresses; neighbours are for vxlan"},
	{"    neighbours:\n", "    neighbours:\n      - {address: 10.0.1.2, mac: \"02:00:00:00:00:03\", vif: v1}\n", "f:35: vnet red, neighbour 2: neighbour 10.0.1.2 on v1 is already given (line 34)"},
	{"[10.0.1.1/24]", "[10.0.0.1/25]", "f:28: vif red/v1: address 10.0.0.1 is already vif v0's (line 19)"},
	/* powers and CPUs */
	{"1500m", "0", "f:11: vnet red: power 0 is out of range: more than 0, at most 4294967295m"},
	{"1500m", "0m", "f:11: vnet red: power 0m is out of range: more than 0, at most 4294967295m"},
	{"1500m", "-1.5", "f:11: vnet red: power -1.5 is out of range: more than 0, at most 4294967295m"},
	{"1500m", "4294967296m", "f:11: vnet red: power 4294967296m is out of range: more than 0, at most 4294967295m"},
	{"1500m", "99999999999999999999", "f:11: vnet red: power 99999999999999999999 is out of range: more than 0, at most 4294967295m"},
	{"1500m", ".nan", "f:11: vnet red: power '.nan' is no power; write millicores, 1500m, or cores, 1.5"},
	{"1500m", "1e3", "f:11: vnet red: power '1e3' is no power; write millicores, 1500m, or cores, 1.5"},
	{"1500m", "1.5m", "f:11: vnet red: power '1.5m' is no power; write millicores, 1500m, or cores, 1.5"},
	{"1500m", "1.2345", "f:11: vnet red: power '1.2345' is no power; write millicores, 1500m, or cores, 1.5"},
	{"1500m", "2001m", "f:11: vnet red: power 2001m does not fit: the node has 2000m in all (fe1, fe2)"},
	{"cpus: 1-2", "cpus: 2-1", "f:8: fe fe2: cpus '2-1' is no list of CPUs, as in 2 or 2-3,6"},
	{"cpus: 1-2", "cpus: \"1,1\"", "f:8: fe fe2: cpus '1,1' is no list of CPUs, as in 2 or 2-3,6"},
	{"cpus: 1-2", "cpus: \"1,\"", "f:8: fe fe2: cpus '1,' is no list of CPUs, as in 2 or 2-3,6"},
	{"cpus: 1-2", "cpus: 1-9999999999999999999999", "f:8: fe fe2: cpus '1-9999999999999999999999' names a CPU over 8191"},
	{"\"0\", capacity: 1000m", "\"0\", capacity: 1001m", "f:7: fe fe1: capacity 1001m is more than its 1 CPU can give (1000m)"},
	{"\"0\", capacity: 1000m", "\"0\", capacity: 0", "f:7: fe fe1: capacity 0 is out of range: more than 0, at most 4294967295m"},
	/* tunnels */
	{"vni: 43", "vni: 42", "f:38: vif green/v0: VNI 42 on 198.51.100.1 is already used by red/v1 (line 20)"},
	{"encap: vxlan, vni: 43, local: 198.51.100.1, remote: 198.51.100.8", "encap: udp, local: \"192.0.2.1:5001\", remote: \"192.0.2.7:9\"", "f:38: vif green/v0: 192.0.2.1:5001 is already used by red/v0 (line 19)"},
	{"encap: vxlan, vni: 43, local: 198.51.100.1, remote: 198.51.100.8", "encap: udp, local: \"198.51.100.1:4789\", remote: \"192.0.2.7:9\"", "f:38: vif green/v0: UDP port 4789 of 198.51.100.1 is already the vxlan tunnel red/v1's (line 20); a port is for udp or for vxlan, not for both"},
	{"vni: 43, local: 198.51.100.1,", "vni: 43, local: \"192.0.2.1:5001\",", "f:38: vif green/v0: UDP port 5001 of 192.0.2.1 is already the udp tunnel red/v0's (line 19); a port is for udp or for vxlan, not for both"},
	{"vni: 42", "vni: 0", "f:23: vif red/v1: a vxlan tunnel needs a vni from 1 to 16777215"},
	{"vni: 42", "vni: 16777216", "f:23: vif red/v1: a vxlan tunnel needs a vni from 1 to 16777215"},
	{"        vni: 42\n", "", "f:20: vif red/v1: a vxlan tunnel needs a vni from 1 to 16777215"},
	{"encap: udp,", "encap: udp, vni: 0,", "f:19: vif red/v0: a udp tunnel has no VNI; leave vni out, or use encap: vxlan"},
	{"encap: udp,", "encap: udp, mac: \"02:00:00:00:00:09\",", "f:19: vif red/v0: a udp tunnel carries no frames; leave mac out"},
	{"192.0.2.1:5001", "192.0.2.1", "f:19: vif red/v0: local 192.0.2.1 has no UDP port; write ADDRESS:PORT"},
	{"192.0.2.1:5001", "2001:db8::1", "f:19: vif red/v0: local 2001:db8::1 has no UDP port; write [ADDRESS]:PORT"},
	{"192.0.2.1:5001", "192.0.2.1:0", "f:19: vif red/v0: local '192.0.2.1:0' is no end of a tunnel, as in 192.0.2.1:5001 or [2001:db8::1]:5001"},
	{"192.0.2.1:5001", "192.0.2.1:65536", "f:19: vif red/v0: local '192.0.2.1:65536' is no end of a tunnel, as in 192.0.2.1:5001 or [2001:db8::1]:5001"},
	{"192.0.2.1:5001", "192.0.2.1/24:5001", "f:19: vif red/v0: local '192.0.2.1/24:5001' is no end of a tunnel, as in 192.0.2.1:5001 or [2001:db8::1]:5001"},
	{"192.0.2.1:5001", "host.example:5001", "f:19: vif red/v0: local 'host.example:5001' is no end of a tunnel, as in 192.0.2.1:5001 or [2001:db8::1]:5001"},
	{"192.0.2.1:5001", "[::ffff:192.0.2.1]:5001", "f:19: vif red/v0: local '[::ffff:192.0.2.1]:5001' is no end of a tunnel, as in 192.0.2.1:5001 or [2001:db8::1]:5001"},
	{"192.0.2.1:5001", "127.0.0.1:5001", "f:19: vif red/v0: local 127.0.0.1:5001 is no address of a host"},
	{"192.0.2.2:5002", "239.1.1.1:5002", "f:19: vif red/v0: remote 239.1.1.1:5002 is no address of a host"},
	{"192.0.2.2:5002", "0.0.0.0:5002", "f:19: vif red/v0: remote 0.0.0.0:5002 is no address of a host"},
	{"192.0.2.2:5002", "[2001:db8::2]:5002", "f:19: vif red/v0: local 192.0.2.1:5001 is IPv4 and remote [2001:db8::2]:5002 is IPv6"},
	{"192.0.2.2:5002", "192.0.2.1:5002", "f:19: vif red/v0: local and remote are both 192.0.2.1; a tunnel has two ends"},
	{"mtu: 1400", "mtu: 67", "f:26: vif red/v1: mtu 67 is out of range: 68 to 65485"},
	{"mtu: 1400", "mtu: 65486", "f:26: vif red/v1: mtu 65486 is out of range: 68 to 65485"},
	{"encap: udp,", "encap: udp, mtu: 1279,", "f:19: vif red/v0: mtu 1279 is out of range: 1280 (the vif has an IPv6 address) to 65507"},
	{"\"02:00:00:00:00:01\"", "\"02:00:00:00:01\"", "f:27: vif red/v1: mac '02:00:00:00:01' is no MAC address, as in 02:00:00:00:00:01"},
	{"\"02:00:00:00:00:01\"", "\"ff:ff:ff:ff:ff:ff\"", "f:27: vif red/v1: mac ff:ff:ff:ff:ff:ff is no unicast address"},
	{"\"02:00:00:00:00:01\"", "\"00:00:00:00:00:00\"", "f:27: vif red/v1: mac 00:00:00:00:00:00 is no unicast address"},
	{"[10.0.1.1/24]", "[10.0.1.1]", "f:28: vif red/v1: address '10.0.1.1' is no address with a length, as in 10.0.0.1/24"},
	{"[10.0.1.1/24]", "[10.0.1.1/33]", "f:28: vif red/v1: address '10.0.1.1/33' is no address with a length, as in 10.0.0.1/24"},
	{"[10.0.1.1/24]", "[10.0.1.0/24]", "f:28: vif red/v1: address 10.0.1.0/24 is that of the network itself"},
	{"[10.0.1.1/24]", "[224.0.0.5/24]", "f:28: vif red/v1: address 224.0.0.5/24 is no address of a host"},
	/* routes, rate, memory */
	{"203.0.113.0/24", "203.0.113.7/24", "f:30: vnet red, route 1: to 203.0.113.7/24 has bits set beyond its length"},
	{"203.0.113.0/24", "everywhere", "f:30: vnet red, route 1: to 'everywhere' is no prefix, as in 10.0.0.0/8 or default"},
	{"203.0.113.0/24", "224.0.0.0/4", "f:30: vnet red, route 1: to 224.0.0.0/4 is never forwarded"},
	{"via: 10.0.1.2", "via: 10.0.1.2/24", "f:30: vnet red, route 1: via '10.0.1.2/24' is no address of a host"},
	{"via: 10.0.1.2", "via: \"fd00::2\"", "f:30: vnet red, route 1: to 203.0.113.0/24 is IPv4 and via fd00::2 is IPv6"},
	{"blackhole: true", "blackhole: true, vif: v0", "f:31: vnet red, route 2: a blackhole leads nowhere; leave via and vif out"},
	{"blackhole: true", "blackhole: false", "f:31: vnet red, route 2: the route to 10.99.0.0/16 needs a vif, or blackhole: true"},
	{"{to: \"::/0\", vif: v0}", "{to: default, vif: v0}", "f:32: vnet red, route 3: to 'default' without via may be IPv4 or IPv6; write 0.0.0.0/0 or ::/0"},
	/* control planes */
	{"kind: frr, config: /etc/pdp/red", "kind: frr", "f:15: vnet red: control-plane kind frr needs the directory of its configuration; write config: DIR"},
	{"kind: frr, config: /etc/pdp/red", "kind: bird", "f:15: vnet red: control-plane kind bird needs the directory of its configuration; write config: DIR"},
	{"kind: frr", "kind: command", "f:15: vnet red: control-plane kind command needs what to run; write command: /path/to/daemon -x"},
	{"kind: frr", "kind: static", "f:15: vnet red: control-plane kind static has no daemon to read it; leave config out"},
	{"kind: frr,", "kind: frr, command: /bin/x,", "f:15: vnet red: control-plane kind frr runs no command; leave it out, or make the kind command"},
	{"kind: frr, config", "kind: static, command", "f:15: vnet red: control-plane kind static runs no command; leave it out, or make the kind command"},
	{"kind: frr,", "config: /etc/x,", "f:15: vnet red: 'config' is given twice (line 15)"},
	{"kind: frr, ", "", "f:15: vnet red: control-plane: 'kind' is missing"},
	{"/etc/pdp/red", "red", "f:15: vnet red: control-plane config 'red' must begin with /: pdpd reads it, from wherever it runs"},
	{"/etc/pdp/red", "\"/etc/\xc3\xb6\"", "f:15: vnet red: control-plane config '/etc/\xc3\xb6' holds a character that is not ASCII, or no letter"},
	{"kind: frr, config: /etc/pdp/red", "kind: command, command: daemon -x", "f:15: vnet red: control-plane command 'daemon -x' must begin with /: pdpd reads it, from wherever it runs"},
	{"config: /etc/pdp/red", "config: /" LONG LONG LONG LONG, "f:15: vnet red: control-plane config '/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is too long: 257 characters, at most 255"},
	{"memory: 512M", "memory: 0M", "f:15: vnet red: control-plane memory 0M is out of range: 16M to 1024G"},
	{"memory: 512M", "memory: 512", "f:15: vnet red: control-plane memory '512' is no size; write 64M or 1G"},
	{"power: 0.3", "power: 0", "f:15: vnet red: control-plane power 0 is out of range: more than 0, at most 4294967295m"},
	{"power: 0.3", "power: much", "f:15: vnet red: control-plane power 'much' is no power; write millicores, 1500m, or cores, 1.5"},
	{"max-routes: 5000", "max-routes: 0", "f:15: vnet red: control-plane max-routes 0 would leave no table; write 1 or more"},
	{"max-routes: 5000", "max-routes: -1", "f:15: vnet red: control-plane max-routes: '-1' is not a whole number"},
	{"max-routes: 5000", "max-routes: 4294967296", "f:15: vnet red: control-plane max-routes: 4294967296 is too large, at most 4294967295"},
	{"{pps: 100, burst: 7}", "{pps: 3}", "f:15: vnet red: control-plane rate pps 3 is out of range: 4 to 1000000000"},
	{"{pps: 100, burst: 7}", "{pps: 100, burst: 27}", "f:15: vnet red: control-plane rate burst 27 is out of range: at most 26, which is 268 ms of 100 pps"},
	{"{pps: 100, burst: 7}", "{burst: 7}", "f:15: vnet red: control-plane rate: 'pps' is missing"},
	/* impairments */
	{"delay-ms: 20", "delay-ms: 10001", "f:19: vif red/v0: impair delay-ms 10001 is out of range: at most 10000"},
	{"delay-ms: 20", "delay-ms: 1.5", "f:19: vif red/v0: impair delay-ms: '1.5' is not a whole number"},
	{"loss: 0.01", "loss: 1.000001", "f:19: vif red/v0: impair loss 1.000001 is out of range: 0 to 1, which is all"},
	{"loss: 0.01", "loss: -0.1", "f:19: vif red/v0: impair loss '-0.1' is no part of all packets, as in 0.01; at most six decimals"},
	{"loss: 0.01", "loss: 1%", "f:19: vif red/v0: impair loss '1%' is no part of all packets, as in 0.01; at most six decimals"},
	{"loss: 0.01", "loss: 0.0000001", "f:19: vif red/v0: impair loss '0.0000001' is no part of all packets, as in 0.01; at most six decimals"},
	{"loss: 0.01", "loss: 99999999999999999999", "f:19: vif red/v0: impair loss 99999999999999999999 is out of range: 0 to 1, which is all"},
	{"down: true", "down: maybe", "f:19: vif red/v0: impair down: 'maybe' is neither true nor false"},
	{"pps: 1000,", "pps: 3,", "f:16: vnet red: rate pps 3 is out of range: 4 to 1000000000"},
	{"burst: 10", "burst: 269", "f:16: vnet red: rate burst 269 is out of range: at most 268, which is 268 ms of 1000 pps"},
	{"memory: 64M", "memory: 64", "f:17: vnet red: memory '64' is no size; write 64M or 1G"},
	{"memory: 64M", "memory: 15M", "f:17: vnet red: memory 15M is out of range: 16M to 1024G"},
	{"memory: 64M", "memory: 99999999999999999999G", "f:17: vnet red: memory 99999999999999999999G is out of range: 16M to 1024G"},
	/* not YAML, or not ours */
	{"{kind: router}", "{kind: router", "f:15: not YAML: *"},
	{"policy: weighted", "policy: \"weighted", "f:19: not YAML: *"},
	{"    power: 1500m", "\tpower: 1500m", "f:11: not YAML: *"},
	{"version: 1", "version: 1\x01", "f:1: not YAML: *"},
	{"node: n1", "node: \xff\xfe", "f:2: not YAML: *"},
	{"    policy: weighted\n", "    policy: weighted\n---\n", "f:13: a second document begins; one file is one node"},
	{"node: n1\n", "node: n1\n---\nversion: 1\n", "f:3: a second document begins; one file is one node"},
	{"memory: 64M", "memory: *size", "f:17: aliases (*name) are not taken; write it out"},
	{"memory: 64M", "memory: [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "f:17: nested too deeply for a node file"},
	{good, "", "f:1: the file is empty; begin with 'version: 1'"},
	{good, "# nothing\n", "f:1: the file is empty; begin with 'version: 1'"},
	{good, "---\n", "f:1: keys and values are wanted here, as in {name: v0}"},
	{good, "pdp", "f:1: keys and values are wanted here, as in {name: v0}"},
	{good, "- version: 1\n", "f:1: keys and values are wanted here, as in {name: v0}"},
};
/* clang-format on */

static struct pdp_model model;
static struct pdp_error err;

static int parse(const char *text)
{
	return pdp_nodefile_parse(&model, "f", text, strlen(text), &err);
}

/* The good file with one thing in another's place; the caller frees it. */
static char *spoil(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *text;

	if (!at)
		fail_msg("the good file has no '%s'", from);
	if (asprintf(&text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from)) < 0)
		abort();
	return text;
}

/* A want that ends in * is a beginning: what follows are libyaml's words. */
static void check_message(const char *want)
{
	size_t len = strlen(want);

	if (len && want[len - 1] == '*')
		assert_memory_equal(err.text, want, len - 1);
	else
		assert_string_equal(err.text, want);
}

static void refuses_with_the_place(void **state)
{
	static const struct pdp_model none;

	(void)state;
	assert_true(ARRAY_SIZE(spoilt) >= 60);
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i++) {
		char *text = spoil(spoilt[i].from, spoilt[i].to);

		memset(&model, 0xff, sizeof(model));
		strcpy(err.text, "no error");
		assert_int_equal(parse(text), -EINVAL);
		check_message(spoilt[i].want);
		assert_memory_equal(&model, &none, sizeof(none));
		free(text);
	}
	print_message("# %zu ways to spoil a node file\n", ARRAY_SIZE(spoilt));
}

static void good_file_loads_whole(void **state)
{
	const struct pdp_vnet_conf *red, *green;
	const struct pdp_vif_conf *vif;
	char buf[PDP_ADDR_STRLEN];

	(void)state;
	if (parse(good))
		fail_msg("%s", err.text);
	assert_string_equal(model.node, "n1");
	assert_int_equal(model.n_ports, 2);
	assert_int_equal(model.n_fes, 2);
	assert_int_equal(model.n_vnets, 2);
	assert_string_equal(pdp_model_port(&model, "B")->ifname, "eth1");
	assert_int_equal(pdp_model_port(&model, "B")->vlan[0], 100);
	assert_int_equal(pdp_model_port(&model, "B")->vlan[1], 0);
	assert_null(pdp_model_port(&model, "C"));
	assert_string_equal(pdp_model_fe(&model, "fe2")->cpus, "1-2");
	assert_int_equal(pdp_model_fe(&model, "fe2")->capacity, 1000);
	assert_int_equal(pdp_model_fe(&model, "fe2")->line, 8);

	red = pdp_model_vnet(&model, "red");
	assert_int_equal(red->power, 1500);
	assert_int_equal(red->policy, PDP_POLICY_WEIGHTED);
	assert_string_equal(red->data.kind, "router");
	assert_int_equal(red->rate_pps, 1000);
	assert_int_equal(red->burst_packets, 10);
	assert_int_equal(red->memory_mib, 64);
	assert_int_equal(red->control.kind, PDP_CONTROL_FRR);
	assert_string_equal(red->control.config, "/etc/pdp/red");
	assert_string_equal(red->control.command, "");
	assert_int_equal(red->control.memory_mib, 512);
	assert_int_equal(red->control.power, 300);
	assert_int_equal(red->control.max_routes, 5000);
	assert_int_equal(red->control.local_pps, 100);
	assert_int_equal(red->control.local_burst, 7);
	assert_int_equal(red->n_vifs, 2);
	vif = pdp_vnet_vif(red, "v0");
	assert_int_equal(vif->encap, PDP_ENCAP_UDP);
	assert_string_equal(pdp_endpoint_print(buf, &vif->local, vif->local_port),
			    "192.0.2.1:5001");
	assert_string_equal(pdp_endpoint_print(buf, &vif->remote, vif->remote_port),
			    "192.0.2.2:5002");
	assert_int_equal(vif->n_address, 2);
	assert_string_equal(pdp_prefix_print(buf, &vif->address[1]), "fd00::1/64");
	assert_int_equal(vif->mtu, 0);
	assert_int_equal(vif->impair.delay_ms, 20);
	assert_int_equal(vif->impair.loss, 10000);
	assert_true(vif->impair.down);
	vif = pdp_vnet_vif(red, "v1");
	assert_string_equal(vif->port, "B");
	assert_int_equal(vif->vni, 42);
	assert_int_equal(vif->local_port, 4789);
	assert_int_equal(vif->remote_port, 4789);
	assert_int_equal(vif->mtu, 1400);
	assert_string_equal(pdp_mac_print(buf, vif->mac), "02:00:00:00:00:01");
	assert_int_equal(vif->line, 20);
	assert_int_equal(red->n_routes, 3);
	assert_string_equal(pdp_prefix_print(buf, &red->routes[0].prefix), "203.0.113.0/24");
	assert_string_equal(pdp_addr_print(buf, &red->routes[0].via), "10.0.1.2");
	assert_string_equal(red->routes[1].vif, "");
	assert_int_equal(red->routes[2].prefix.family, 6);
	assert_int_equal(red->routes[2].prefix.len, 0);
	assert_int_equal(red->n_neighbours, 1);
	assert_string_equal(pdp_mac_print(buf, red->neighbours[0].mac), "02:00:00:00:00:02");

	green = pdp_model_vnet(&model, "green");
	assert_int_equal(green->power, 500);
	assert_int_equal(green->policy, PDP_POLICY_FLOW_HASH);
	assert_int_equal(green->rate_pps, 0);
	assert_int_equal(green->control.kind, PDP_CONTROL_NONE);
	assert_int_equal(green->line, 35);
	pdp_model_free(&model);
}

/* What may be said otherwise, and must still load. */
static void other_ways_to_say_it(void **state)
{
	static const char *const cases[][2] = {
		{"1500m", "1.5"},
		{"1500m", "2000m"},
		{"1500m", "2"},
		{"vlan: 100", "vlan: 100.200"},
		{"pps: 1000, burst: 10", "pps: 4"},
		{"10.99.0.0/16, blackhole: true", "default, via: 10.0.1.2, vif: v1"},
		{"[10.0.1.1/24]", "[]"},
		{"[10.0.1.1/24]", "[10.0.1.0/31, 10.0.9.0/32]"},
		{"local: 198.51.100.1\n", "local: \"198.51.100.1:8472\"\n"},
		{"version: 1\n", "%YAML 1.1\n---\nversion: 1\n"},
		{"node: n1", "node: &anchor n1"},
		{"version: 1\n", "\xef\xbb\xbfversion: 1\r\n"},
		{"10.99.0.0/16", "0.0.0.0/1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = spoil(cases[i][0], cases[i][1]);

		if (parse(text))
			fail_msg("%s: %s", cases[i][1], err.text);
		pdp_model_free(&model);
		free(text);
	}
}

/* Cut at every byte: it loads or is refused with a place, and never does worse. */
static void every_cut(void **state)
{
	unsigned int loaded = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(good); len++) {
		char *text = malloc(len ? len : 1);
		int ret;

		memcpy(text, good, len);
		ret = pdp_nodefile_parse(&model, "f", text, len, &err);
		if (ret) {
			assert_int_equal(ret, -EINVAL);
			assert_memory_equal(err.text, "f:", 2);
		}
		loaded += !ret;
		pdp_model_free(&model);
		free(text);
	}
	print_message("# %u of %zu cuts are node files themselves\n", loaded, sizeof(good));
}

/* Bytes changed at random: the same. The seed is fixed, so that a failure comes again. */
static void random_bytes(void **state)
{
	static const char nasty[] = "{}[]:,-#&*!|>'\"%@`? \n\t0a\x80\xff";

	(void)state;
	srand(8472);
	for (int round = 0; round < 1000; round++) {
		char text[sizeof(good)];
		int changes = 1 + rand() % 4;

		memcpy(text, good, sizeof(good));
		while (changes--)
			text[(size_t)rand() % (sizeof(good) - 1)] =
				nasty[(size_t)rand() % (sizeof(nasty) - 1)];
		if (parse(text))
			assert_memory_equal(err.text, "f:", 2);
		pdp_model_free(&model);
	}
}

static void nul_bytes_are_refused(void **state)
{
	char text[sizeof(good)];

	(void)state;
	memcpy(text, good, sizeof(good));
	text[strstr(text, "node") - text] = '\0';
	assert_int_equal(pdp_nodefile_parse(&model, "f", text, sizeof(good) - 1, &err), -EINVAL);
	assert_string_equal(err.text, "f:2: the file holds a NUL byte");
}

/* The sparse file stands for 1 GiB; it must not be read to its end. */
static void huge_files_are_refused(void **state)
{
	char path[] = "/tmp/pdp-nodefile-XXXXXX", want[128];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	assert_int_equal(pdp_nodefile_load(&model, path, &err), -EFBIG);
	snprintf(want, sizeof(want), "%s:1: the file is too large, at most 16 MiB", path);
	assert_string_equal(err.text, want);
	close(fd);
	unlink(path);
}

static void files_that_are_none(void **state)
{
	(void)state;
	assert_int_equal(pdp_nodefile_load(&model, "/nonexistent.yaml", &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent.yaml: No such file or directory");
	assert_int_equal(pdp_nodefile_load(&model, "/tmp", &err), -EISDIR);
	assert_int_equal(pdp_nodefile_load(&model, "/dev/null", &err), -EINVAL);
	assert_string_equal(err.text, "/dev/null:1: the file is empty; begin with 'version: 1'");
}

static void examples_load(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("examples/*.yaml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (pdp_nodefile_load(&model, found.gl_pathv[i], &err))
			fail_msg("%s", err.text);
		assert_true(model.n_vnets > 0);
		pdp_model_free(&model);
	}
	globfree(&found);
}

/* A list of `n` elements made by a pattern with two %zu, behind a head. */
static char *make_many(const char *head, const char *pattern, size_t n)
{
	size_t size = strlen(head) + n * (strlen(pattern) + 40) + 1, used;
	char *text = malloc(size);

	used = (size_t)sprintf(text, "%s", head);
	for (size_t i = 0; i < n; i++)
		used += (size_t)sprintf(text + used, pattern, i, i);
	return text;
}

#define MANY_HEAD \
	"version: 1\nnode: n\nports: [{name: A, ifname: eth0}]\nfes: [{name: f, cpus: \"0\", capacity: 1}]\n"

static void limits_of_the_maps(void **state)
{
	char *text;

	(void)state;
	text = make_many("version: 1\nnode: n\nports:\n", " - {name: p%zu, ifname: e%zu}\n", 64);
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(err.text, "f:3: ports: 64 are too many, at most 63");
	free(text);

	text = make_many(MANY_HEAD "vnets:\n", " - {name: v%zu, power: 1m}\n", 4096);
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(err.text, "f:5: vnets: 4096 are too many, at most 4095");
	free(text);

	text = make_many(MANY_HEAD "vnets:\n", " - {name: v%zu, power: 1m}\n", 4095);
	assert_int_equal(parse(text), 0);
	assert_int_equal(model.n_vnets, 4095);
	pdp_model_free(&model);
	free(text);
}

static void limit_of_all_vifs(void **state)
{
	static const char vif[] = "   - {name: v%zu, port: A, encap: vxlan, vni: 1%zu, "
				  "local: 192.0.2.1, remote: 192.0.2.2}\n";
	char *first =
		make_many(MANY_HEAD "vnets:\n - name: a\n   power: 1m\n   vifs:\n", vif, 9000);
	char *head, *text;

	(void)state;
	assert_int_equal(parse(first), 0);
	pdp_model_free(&model);
	assert_true(asprintf(&head, "%s - name: b\n   power: 1m\n   vifs:\n", first) > 0);
	text = make_many(head, vif, 7384);
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(err.text, "f:5: 16384 vifs are too many, a node has at most 16383");
	free(text);
	free(head);
	free(first);
}

static void mtus_follow_the_tunnel(void **state)
{
	struct pdp_vif_conf vif = {.encap = PDP_ENCAP_UDP, .local = {.family = 4}};

	(void)state;
	assert_int_equal(pdp_vif_mtu(&vif, 1500), 1472);
	assert_int_equal(pdp_vif_mtu(&vif, 96), 68);
	assert_int_equal(pdp_vif_mtu(&vif, 95), 0);
	assert_int_equal(pdp_vif_mtu(&vif, 0), 0);
	assert_int_equal(pdp_vif_mtu(&vif, UINT32_MAX), 65507);
	vif.encap = PDP_ENCAP_VXLAN;
	assert_int_equal(pdp_vif_mtu(&vif, 1500), 1450);
	vif.local.family = 6;
	assert_int_equal(pdp_vif_mtu(&vif, 1500), 1430);
	vif.encap = PDP_ENCAP_UDP;
	assert_int_equal(pdp_vif_mtu(&vif, 1500), 1452);
	assert_int_equal(pdp_fe_link_mtu(1500), 1516);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_loads_whole),  cmocka_unit_test(refuses_with_the_place),
		cmocka_unit_test(other_ways_to_say_it),	  cmocka_unit_test(every_cut),
		cmocka_unit_test(random_bytes),		  cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(huge_files_are_refused), cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(examples_load),	  cmocka_unit_test(limits_of_the_maps),
		cmocka_unit_test(limit_of_all_vifs),	  cmocka_unit_test(mtus_follow_the_tunnel),
	};

	return cmocka_run_group_tests_name("nodefile", tests, NULL, NULL);
}
