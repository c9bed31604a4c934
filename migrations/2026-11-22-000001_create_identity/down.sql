DROP TABLE invitations, sign_in_throttle, known_browsers, sessions, group_members, groups,
    memberships, users, organizations, site;
